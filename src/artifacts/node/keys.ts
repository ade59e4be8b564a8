import { makeFolder, writeFileAtomically } from "../../files/node.ts";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { EnvironmentError } from "../../tensor/errors.ts";
import { type KeyTexts, ownerOnly } from "./key-files.ts";
import { makeSealingKeys } from "./sealing-keys.ts";
import { makeSigningKeys } from "./signing-keys.ts";

/** What a pair of keys is for: signing (Ed25519), or being sealed for (age's X25519). */
export type KeyPurpose = "sign" | "seal";

/** Where a pair of keys lies, and how its public half is told from others. */
export interface KeyPairFiles {
  /** To be kept: whoever has it can sign as you, or unseal what is sealed for you. */
  readonly secret: string;
  /** To be given to others. */
  readonly public: string;
  /** SHA-256 of a key to verify with, in hexadecimal; a key to seal for is as short, and is given itself: `age1…`. */
  readonly fingerprint: string;
}

const makers: { readonly [P in KeyPurpose]: () => KeyTexts | Promise<KeyTexts> } = {
  sign: makeSigningKeys,
  seal: makeSealingKeys,
};

/**
 * Makes a pair of keys, `STEM-PURPOSE.key` and `STEM-PURPOSE.pub`, both readable by the owner alone: PKCS #8 and SPKI to
 * sign with, an age identity and its recipient to be sealed for.
 *
 * @throws {EnvironmentError} if either file is there already: a lost key cannot be made again
 */
export async function makeKeyPair(stem: string, purpose: KeyPurpose): Promise<KeyPairFiles> {
  const files = { secret: `${stem}-${purpose}.key`, public: `${stem}-${purpose}.pub` };
  for (const path of [files.secret, files.public]) {
    const isThere = await stat(path).then(
      () => true,
      () => false,
    );
    if (isThere) throw new EnvironmentError(path, "is there already, and a key is never replaced; choose another name");
  }
  await makeFolder(dirname(stem), { mode: 0o700 });
  const made = await makers[purpose]();
  await writeFileAtomically(files.secret, made.secret, { mode: ownerOnly });
  await writeFileAtomically(files.public, made.public, { mode: ownerOnly });
  return { ...files, fingerprint: made.fingerprint };
}
