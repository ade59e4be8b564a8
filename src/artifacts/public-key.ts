import { FormatError } from "../tensor/errors.ts";

/** What a key to sign or verify with must be, in words. */
export const signingKeyWords = "an Ed25519 key in PEM form, as `residua keys` names …-sign";

/** @throws {FormatError} if a text that must be a public key is a private one; the error reveals nothing of it */
export function requirePublic(text: string, path: string): void {
  if (/PRIVATE KEY|AGE-SECRET-KEY/i.test(text))
    throw new FormatError(path, "is a private key, must be a public one; give the .pub file");
}

/** What a file without a readable key is refused with. @param words what it must hold */
export function noReadableKey(path: string, words: string, cause?: unknown): FormatError {
  return new FormatError(path, `holds no readable key; must be ${words}`, { cause });
}
