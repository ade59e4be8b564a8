import { base64 } from "@scure/base";
import { UnsupportedError } from "../../tensor/errors.ts";
import { noReadableKey, requirePublic, signingKeyWords } from "../public-key.ts";
import {
  checkContent,
  decodeSignature,
  notSigned,
  parseSignature,
  requireSigner,
  signedBytes,
  type Statement,
} from "../statement.ts";

/** A file as a page has it. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A key to verify with, and its fingerprint: the SHA-256 of its DER form, in hexadecimal. */
export interface VerifyingKey {
  readonly name: string;
  readonly key: CryptoKey;
  readonly fingerprint: string;
}

const algorithm = "Ed25519";

const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

async function sha256(bytes: Uint8Array): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as BufferSource)));
}

/** @throws {UnsupportedError} if the page has no cryptography */
function requireCryptography(name: string): void {
  // Pages that were not loaded over HTTPS or from this machine have none.
  if (globalThis.crypto?.subtle === undefined)
    throw new UnsupportedError(name, "cannot be checked in a page that was not loaded over HTTPS; load it so");
}

/** Base64 between the lines of PEM; nothing if there are none. */
function decodePem(text: string): Uint8Array<ArrayBuffer> | undefined {
  const [, body] = /-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----/.exec(text) ?? [];
  if (body === undefined) return undefined;
  try {
    return Uint8Array.from(base64.decode(body.replaceAll(/\s/g, "")));
  } catch {
    return undefined;
  }
}

/**
 * Reads a public key.
 *
 * @param name its file's, for errors
 * @throws {FormatError} if it is a private key, or none; the error reveals nothing of the file's content
 * @throws {UnsupportedError} if the browser knows no Ed25519
 */
export async function readVerifyingKey(text: string, name: string): Promise<VerifyingKey> {
  requireCryptography(name);
  requirePublic(text, name);
  const der = decodePem(text);
  if (der === undefined) throw noReadableKey(name, signingKeyWords);
  try {
    const key = await crypto.subtle.importKey("spki", der, algorithm, true, ["verify"]);
    const fingerprint = await sha256(new Uint8Array(await crypto.subtle.exportKey("spki", key)));
    return { name, key, fingerprint };
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "NotSupportedError")
      throw new UnsupportedError(
        name,
        "cannot be used: this browser knows no Ed25519; residua verify checks the file",
        {
          cause,
        },
      );
    throw noReadableKey(name, signingKeyWords, cause);
  }
}

/**
 * Checks a file's content against what a signature says of it. This says nothing of who signed it.
 *
 * @returns what the signature says
 * @throws {VerificationError} if the content is another one
 * @throws {FormatError} if the signature is none, or damaged
 */
export async function checkSignedContent(file: NamedBytes, signature: NamedBytes): Promise<Statement> {
  requireCryptography(signature.name);
  const { statement } = parseSignature(signature.bytes, signature.name);
  checkContent(file.name, statement, { bytes: file.bytes.length, sha256: await sha256(file.bytes) });
  return statement;
}

/**
 * Checks a file against its signature.
 *
 * @param key the signer's, which has to come from a place that is trusted
 * @returns what the signer said
 * @throws {VerificationError} if the key is another one, or the statement or the content was changed
 * @throws {FormatError} if the signature is none, or damaged
 */
export async function verifyBytes(file: NamedBytes, signature: NamedBytes, key: VerifyingKey): Promise<Statement> {
  const { name: path } = signature;
  const { statement, signature: written } = parseSignature(signature.bytes, path);
  requireSigner(statement, key.fingerprint, { path, keyPath: key.name });
  const signed = decodeSignature(written, path);
  if (!(await crypto.subtle.verify(algorithm, key.key, signed, signedBytes(statement) as BufferSource)))
    throw notSigned(path);
  return checkSignedContent(file, signature);
}
