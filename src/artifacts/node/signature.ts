import { readFileBytes, readFilePieces, writeFileAtomically } from "../../files/node.ts";
import { createHash, sign, verify } from "node:crypto";
import { basename } from "node:path";
import * as v from "valibot";
import { FormatError, VerificationError } from "../../tensor/errors.ts";
import { canonicalJson } from "../../tensor/canonical-json.ts";
import { checkPlainData, wholeNumber } from "../../files/schema.ts";
import { fingerprintOf, ownerOnly } from "./key-files.ts";
import { readSigningKey, readVerifyingKey } from "./signing-keys.ts";

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

interface SignatureFile {
  readonly format: typeof FORMAT;
  readonly statement: Statement;
  readonly signature: string;
}

const FORMAT = "residua-signature-1";
const LARGEST_SIGNATURE = 2 ** 20;
const LENGTH = 64;

const signatureSchema: v.GenericSchema<unknown, SignatureFile> = v.strictObject({
  format: v.literal(FORMAT),
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
function signedBytes(statement: Statement): Uint8Array {
  return new TextEncoder().encode(`${FORMAT}\n${canonicalJson(statement)}`);
}

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
  const file: SignatureFile = { format: FORMAT, statement, signature };
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
  const { statement, signature } = parseSignature(await readFileBytes(path, LARGEST_SIGNATURE), path);
  const expected = fingerprintOf(key);
  if (statement.signer !== expected) {
    const found = statement.signer.slice(0, 16);
    throw new VerificationError(
      path,
      `was signed with key ${found}…, not with ${expected.slice(0, 16)}… of ${keyPath}`,
    );
  }
  const bytes = Buffer.from(signature, "base64");
  const isGenuine = bytes.length === LENGTH && bytes.toString("base64") === signature;
  if (!isGenuine || !verify(null, signedBytes(statement), key, bytes))
    throw new VerificationError(path, "is not what the key signed: the statement or the signature was changed");
  return statement;
}

function parseSignature(bytes: Uint8Array, path: string): SignatureFile {
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

function checkContent(
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
