import { makeFolder, writeFileAtomically } from "../../files/node.ts";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { EnvironmentError } from "../../tensor/errors.ts";
import { type KeyTexts, ownerOnly } from "./key-files.ts";
import { makeSealingKeys } from "./sealing-keys.ts";
import { makeSigningKeys } from "./signing-keys.ts";

/** The purpose of a key pair: signing (Ed25519) or sealing (age's X25519). */
export type KeyPurpose = "sign" | "seal";

/** The files of a key pair, and the fingerprint of its public half. */
export interface KeyPairFiles {
  /** Keep it secret: whoever has it can sign as you, or unseal what is sealed for you. */
  readonly secret: string;
  /** Give it to others. */
  readonly public: string;
  /** For a verification key, its SHA-256 in hexadecimal; a recipient is equally short and is its own fingerprint: `age1…`. */
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
 * @throws {EnvironmentError} if either file already exists: a lost key cannot be recovered
 */
export async function makeKeyPair(stem: string, purpose: KeyPurpose): Promise<KeyPairFiles> {
  const files = { secret: `${stem}-${purpose}.key`, public: `${stem}-${purpose}.pub` };
  for (const path of [files.secret, files.public]) {
    const isThere = await stat(path).then(
      () => true,
      () => false,
    );
    if (isThere) throw new EnvironmentError(path, "already exists, and a key is never replaced; choose another name");
  }
  await makeFolder(dirname(stem), { mode: 0o700 });
  const made = await makers[purpose]();
  await writeFileAtomically(files.secret, made.secret, { mode: ownerOnly });
  await writeFileAtomically(files.public, made.public, { mode: ownerOnly });
  return { ...files, fingerprint: made.fingerprint };
}
