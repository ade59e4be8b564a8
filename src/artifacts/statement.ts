import { base64 } from "@scure/base";
import * as v from "valibot";
import { checkPlainData, wholeNumber } from "../files/schema.ts";
import { canonicalJson } from "../tensor/canonical-json.ts";
import { FormatError, VerificationError } from "../tensor/errors.ts";

/** An artefact's origin as named texts: what the signer vouches for besides its bytes. */
export type Provenance = Readonly<Record<string, string>>;

/** What a signature says. */
export interface Statement {
  /** The artefact's name when it was signed; a different name is accepted. */
  readonly name: string;
  readonly bytes: number;
  /** SHA-256 of the content, in hexadecimal. */
  readonly sha256: string;
  readonly provenance: Provenance;
  /** Fingerprint of the signer's public key. */
  readonly signer: string;
}

/** What a signature's file holds. */
export interface SignatureFile {
  readonly format: typeof signatureFormat;
  readonly statement: Statement;
  readonly signature: string;
}

/** What every signature's file begins with, and every text that is signed. */
export const signatureFormat = "residua-signature-1";
/** Bytes of a signature's file. */
export const largestSignature: number = 2 ** 20;
/** Bytes of an Ed25519 signature. */
const LENGTH = 64;

const signatureSchema: v.GenericSchema<unknown, SignatureFile> = v.strictObject({
  format: v.literal(signatureFormat),
  statement: v.strictObject({
    name: v.string(),
    bytes: wholeNumber,
    sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
    provenance: v.record(v.string(), v.string()),
    signer: v.string(),
  }),
  signature: v.string(),
});

/** The signed text: the format's name, then the statement with sorted keys, so that it cannot be mistaken for other text. */
export function signedBytes(statement: Statement): Uint8Array {
  return new TextEncoder().encode(`${signatureFormat}\n${canonicalJson(statement)}`);
}

/** @throws {VerificationError} if the statement names another key than the one it is checked with */
export function requireSigner(
  { signer }: Statement,
  expected: string,
  { path, keyPath }: { readonly path: string; readonly keyPath: string },
): void {
  if (signer !== expected)
    throw new VerificationError(
      path,
      `was signed with key ${signer.slice(0, 16)}…, not with ${expected.slice(0, 16)}… of ${keyPath}`,
    );
}

/** What a statement is refused with that the key did not sign. */
export function notSigned(path: string): VerificationError {
  return new VerificationError(path, "is not what the key signed: the statement or the signature was changed");
}

/** The bytes of a signature. @throws {VerificationError} if they are none, or written in another way than they were signed */
export function decodeSignature(signature: string, path: string): Uint8Array<ArrayBuffer> {
  try {
    const bytes = Uint8Array.from(base64.decode(signature));
    if (bytes.length === LENGTH) return bytes;
  } catch {
    // Nothing that a key gives.
  }
  throw notSigned(path);
}

/** @throws {FormatError} if it is no signature, or damaged */
export function parseSignature(bytes: Uint8Array, path: string): SignatureFile {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new FormatError(path, "is not a signature, or was truncated: must be JSON");
  }
  return checkPlainData(signatureSchema, value, ({ path: place, detail }) => {
    return new FormatError(path, `is not a signature of this kind: ${place || "it"} ${detail}`);
  });
}

/** @throws {VerificationError} if the content is not the one that was signed */
export function checkContent(
  path: string,
  statement: Statement,
  found: { readonly sha256: string; readonly bytes: number },
): void {
  if (found.bytes !== statement.bytes)
    throw new VerificationError(
      path,
      `has ${found.bytes} bytes, had ${statement.bytes} when it was signed; do not use it`,
    );
  if (found.sha256 !== statement.sha256)
    throw new VerificationError(path, "was changed after it was signed: its SHA-256 differs; do not use it");
}
