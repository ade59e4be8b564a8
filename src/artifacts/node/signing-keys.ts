import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { signingKeyWords } from "../public-key.ts";
import { fingerprintOf, type KeyTexts, parseKey, readPublicText, readSecretText, type WantedKey } from "./key-files.ts";

const wanted: WantedKey = { type: "ed25519", words: signingKeyWords };

/** Makes a key to sign with (PKCS #8) and the one to verify with (SPKI), both in PEM form. */
export function makeSigningKeys(): KeyTexts {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    secret: String(privateKey.export({ type: "pkcs8", format: "pem" })),
    public: String(publicKey.export({ type: "spki", format: "pem" })),
    fingerprint: fingerprintOf(publicKey),
  };
}

/**
 * Reads a key to sign with.
 *
 * @throws {EnvironmentError} if it cannot be read, or others may read it
 * @throws {FormatError} if it is no such key; the error holds nothing of the file's content
 */
export async function readSigningKey(path: string): Promise<KeyObject> {
  const text = await readSecretText(path);
  return parseKey(path, wanted, () => createPrivateKey(text));
}

/**
 * Reads a key to verify with.
 *
 * @throws {EnvironmentError} if it cannot be read
 * @throws {FormatError} if it is no such key
 */
export async function readVerifyingKey(path: string): Promise<KeyObject> {
  const text = await readPublicText(path);
  return parseKey(path, wanted, () => createPublicKey(text));
}
