import { readFileBytes } from "../../files/node.ts";
import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { stat } from "node:fs/promises";
import { noReadableKey, requirePublic } from "../public-key.ts";
import { EnvironmentError, FormatError } from "../../tensor/errors.ts";

/** A key pair as written to files, with the fingerprint of its public half. */
export interface KeyTexts {
  readonly secret: string;
  readonly public: string;
  readonly fingerprint: string;
}

/** Owner only. */
export const ownerOnly = 0o600;
const LARGEST_KEY = 65_536;

/** SHA-256 over the public key's DER form, in hexadecimal. */
export function fingerprintOf(key: KeyObject): string {
  const open = key.type === "private" ? createPublicKey(key) : key;
  return createHash("sha256")
    .update(open.export({ type: "spki", format: "der" }))
    .digest("hex");
}

/**
 * Reads the text of a private key's file.
 *
 * @throws {EnvironmentError} if it cannot be read, or others may read it
 */
export async function readSecretText(path: string): Promise<string> {
  const bytes = await readFileBytes(path, LARGEST_KEY);
  const { mode } = await stat(path);
  // Windows has no such permissions.
  if (process.platform !== "win32" && (mode & 0o077) !== 0)
    throw new EnvironmentError(path, "others can read this private key; restrict it with: chmod 600");
  return new TextDecoder().decode(bytes);
}

/**
 * Reads the text of a public key's file.
 *
 * @throws {EnvironmentError} if it cannot be read
 * @throws {FormatError} if it is a private key
 */
export async function readPublicText(path: string): Promise<string> {
  const text = new TextDecoder().decode(await readFileBytes(path, LARGEST_KEY));
  requirePublic(text, path);
  return text;
}

/** The key that a file must hold: its type, and a description for errors. */
export interface WantedKey {
  readonly type: "ed25519" | "x25519";
  readonly words: string;
}

/**
 * Parses a key in PEM form.
 *
 * @throws {FormatError} if it is not the expected kind; the error reveals nothing of the file's content
 */
export function parseKey(path: string, { type, words }: WantedKey, parse: () => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = parse();
  } catch {
    throw noReadableKey(path, words);
  }
  if (key.asymmetricKeyType !== type)
    throw new FormatError(path, `is a key of type ${key.asymmetricKeyType}, must be ${words}`);
  return key;
}
