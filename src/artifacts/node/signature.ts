import { readFileBytes, readFilePieces, writeFileAtomically } from "../../files/node.ts";
import { createHash, sign, verify } from "node:crypto";
import { basename } from "node:path";
import {
  checkContent,
  decodeSignature,
  largestSignature,
  notSigned,
  parseSignature,
  type Provenance,
  requireSigner,
  signatureFormat,
  type SignatureFile,
  signedBytes,
  type Statement,
} from "../statement.ts";
import { fingerprintOf, ownerOnly } from "./key-files.ts";
import { readSigningKey, readVerifyingKey } from "./signing-keys.ts";

/** The default path of an artefact's signature. */
export function signaturePathOf(artefact: string): string {
  return `${artefact}.sig`;
}

async function hashFile(path: string): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of readFilePieces(path)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { sha256: hash.digest("hex"), bytes };
}

/**
 * Signs a file of any size with Ed25519: a small file beside it, `ARTEFACT.sig`, over its SHA-256 and where it comes from.
 *
 * @param options.key path of the private key
 * @param options.signature where the signature goes
 * @throws {EnvironmentError | FormatError} if the file or the key cannot be read
 * @source RFC 8032
 */
export async function signArtefact(
  path: string,
  options: { readonly key: string; readonly provenance?: Provenance; readonly signature?: string },
): Promise<Statement> {
  const key = await readSigningKey(options.key);
  const content = await hashFile(path);
  const { provenance = {} } = options;
  const statement = { name: basename(path), ...content, provenance, signer: fingerprintOf(key) };
  const signature = sign(null, signedBytes(statement), key).toString("base64");
  const file: SignatureFile = { format: signatureFormat, statement, signature };
  const text = `${JSON.stringify(file, undefined, 2)}\n`;
  await writeFileAtomically(options.signature ?? signaturePathOf(path), text, { mode: ownerOnly });
  return statement;
}

/**
 * Checks a file of any size against its signature, without loading it.
 *
 * @param options.key path of the signer's public key, which has to come from a place you trust
 * @param options.signature where the signature lies
 * @returns what the signer said
 * @throws {VerificationError} if the key is another one, or the statement or the content was changed
 * @throws {FormatError} if the signature is none, or damaged
 */
export async function verifyArtefact(
  path: string,
  options: { readonly key: string; readonly signature?: string },
): Promise<Statement> {
  const statement = await readStatement(options.signature ?? signaturePathOf(path), options.key);
  checkContent(path, statement, await hashFile(path));
  return statement;
}

/**
 * Reads a signed file into memory: exactly the verified bytes, even if the file is replaced meanwhile.
 *
 * @throws {VerificationError | FormatError | EnvironmentError} as `verifyArtefact`, before anything is returned
 */
export async function readVerified(
  path: string,
  options: { readonly key: string; readonly signature?: string },
): Promise<Uint8Array<ArrayBuffer>> {
  const statement = await readStatement(options.signature ?? signaturePathOf(path), options.key);
  const content = await readFileBytes(path);
  checkContent(path, statement, { sha256: createHash("sha256").update(content).digest("hex"), bytes: content.length });
  return content;
}

/** The statement of a signature file, once it is known to be the key's. */
async function readStatement(path: string, keyPath: string): Promise<Statement> {
  const key = await readVerifyingKey(keyPath);
  const { statement, signature } = parseSignature(await readFileBytes(path, largestSignature), path);
  requireSigner(statement, fingerprintOf(key), { path, keyPath });
  const bytes = decodeSignature(signature, path);
  if (!verify(null, signedBytes(statement), key, bytes)) throw notSigned(path);
  return statement;
}
