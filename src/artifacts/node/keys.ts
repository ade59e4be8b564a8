import { makeFolder, readFileBytes, writeFileAtomically } from "../../files/node.ts";
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { EnvironmentError, FormatError } from "../../tensor/errors.ts";

/** What a pair of keys is for: signing (Ed25519), or being sealed for (X25519). */
export type KeyPurpose = "sign" | "seal";

/** Where a pair of keys lies, and how its public half is told from others. */
export interface KeyPairFiles {
  /** To be kept: whoever has it can sign as you, or open what is sealed for you. */
  readonly secret: string;
  /** To be given to others. */
  readonly public: string;
  readonly fingerprint: string;
}

/** Owner only. */
export const ownerOnly = 0o600;
const LARGEST_KEY = 16_384;
const types: { readonly [P in KeyPurpose]: "ed25519" | "x25519" } = { sign: "ed25519", seal: "x25519" };
const uses: { readonly [P in KeyPurpose]: string } = {
  sign: "an Ed25519 key, as `residua keys` names …-sign",
  seal: "an X25519 key, as `residua keys` names …-seal",
};

/** SHA-256 over the public key's DER form, in hexadecimal. */
export function fingerprintOf(key: KeyObject): string {
  const open = key.type === "private" ? createPublicKey(key) : key;
  return createHash("sha256")
    .update(open.export({ type: "spki", format: "der" }))
    .digest("hex");
}

/**
 * Makes a pair of keys: `STEM-PURPOSE.key` (PKCS #8) and `STEM-PURPOSE.pub` (SPKI), both readable by the owner alone.
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
  const folder = dirname(stem);
  await makeFolder(folder, { mode: 0o700 });
  const { privateKey, publicKey } = purpose === "sign" ? generateKeyPairSync("ed25519") : generateKeyPairSync("x25519");
  const secret = privateKey.export({ type: "pkcs8", format: "pem" });
  await writeFileAtomically(files.secret, secret, { mode: ownerOnly });
  await writeFileAtomically(files.public, publicKey.export({ type: "spki", format: "pem" }), { mode: ownerOnly });
  return { ...files, fingerprint: fingerprintOf(publicKey) };
}

/**
 * Reads a private key. Nothing of the file's content gets into an error.
 *
 * @throws {EnvironmentError} if it cannot be read, or others may read it
 * @throws {FormatError} if it is no such key
 */
export async function readSecretKey(path: string, purpose: KeyPurpose): Promise<KeyObject> {
  const pem = await readFileBytes(path, LARGEST_KEY);
  const { mode } = await stat(path);
  // Windows has no such permissions.
  if (process.platform !== "win32" && (mode & 0o077) !== 0)
    throw new EnvironmentError(path, "others may read this private key; take that away with: chmod 600");
  return checkKey(path, purpose, "private", () => createPrivateKey(Buffer.from(pem)));
}

/**
 * Reads a public key.
 *
 * @throws {EnvironmentError} if it cannot be read
 * @throws {FormatError} if it is no such key
 */
export async function readPublicKey(path: string, purpose: KeyPurpose): Promise<KeyObject> {
  const pem = Buffer.from(await readFileBytes(path, LARGEST_KEY));
  if (pem.includes("PRIVATE KEY"))
    throw new FormatError(path, "is a private key, must be a public one; give the .pub file");
  return checkKey(path, purpose, "public", () => createPublicKey(pem));
}

function checkKey(path: string, purpose: KeyPurpose, half: "private" | "public", read: () => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch {
    throw new FormatError(path, `holds no ${half} key in PEM form; must be ${uses[purpose]}`);
  }
  if (key.asymmetricKeyType !== types[purpose])
    throw new FormatError(path, `is a key of type ${key.asymmetricKeyType}, must be ${uses[purpose]}`);
  return key;
}
