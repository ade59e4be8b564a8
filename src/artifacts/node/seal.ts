import { readFilePieces, writeFileAtomically } from "../../files/node.ts";
import { ReadableStream } from "node:stream/web";
import { EnvironmentError, FormatError, VerificationError } from "../../tensor/errors.ts";
import { isEarlierSeal, unsealEarlier } from "./earlier-seal.ts";
import { ownerOnly } from "./key-files.ts";
import { readIdentities, readRecipients } from "./sealing-keys.ts";

const AGE_START = "age-encryption.org/v1\n";
const AGE_ARMOR = "-----BEGIN AGE ENCRYPTED FILE-----";
/** Starts the last line of age's header. All others except the first belong to stanzas, which start with an arrow. */
const AGE_HEADER_END = "\n--- ";
/** Bytes to search for the header's end, at most: about 300 recipients. */
const HEADER_LIMIT = 65_536;

/**
 * Seals a file of any size for the holders of keys, as an age file: other tools open it too.
 *
 * @param options.recipient path of a file with the recipients' public keys
 * @param options.out where the sealed file goes; it appears whole or not at all
 * @throws {EnvironmentError | FormatError} if the file or the keys cannot be read
 * @source https://age-encryption.org/v1
 */
export async function sealArtefact(
  path: string,
  options: { readonly recipient: string; readonly out: string },
): Promise<void> {
  const recipients = await readRecipients(options.recipient);
  await writeFileAtomically(options.out, seal(path, recipients), { mode: ownerOnly });
}

/**
 * Unseals an age file, or one sealed by an earlier version of Residua. `out` appears only after the last piece was
 * verified to be genuine and the last.
 *
 * @param options.key path of a file with the recipient's private key
 * @throws {VerificationError} if it is sealed for another key, changed or truncated
 * @throws {FormatError} if it is not a sealed file
 */
export async function unsealArtefact(
  path: string,
  options: { readonly key: string; readonly out: string },
): Promise<void> {
  const identities = await readIdentities(options.key);
  await writeFileAtomically(options.out, unseal(path, identities), { mode: ownerOnly });
}

/**
 * Unseals a sealed file's bytes into memory; nothing is written anywhere.
 *
 * @param where the file, for errors
 * @param options.key path of a file with the recipient's private key
 * @throws {VerificationError} if it is sealed for another key, changed or truncated
 * @throws {FormatError} if it is not a sealed file
 */
export async function unsealBytes(
  bytes: Uint8Array,
  where: string,
  options: { readonly key: string },
): Promise<Uint8Array<ArrayBuffer>> {
  const identities = await readIdentities(options.key);
  const pieces: Uint8Array[] = [];
  for await (const piece of unsealPieces(where, piecesOf(bytes), identities)) pieces.push(piece);
  return Uint8Array.from(Buffer.concat(pieces));
}

async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Buffer, undefined> {
  yield Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

async function* seal(path: string, recipients: readonly string[]): AsyncGenerator<Uint8Array> {
  const { Encrypter } = await import("age-encryption");
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  yield* await encrypter.encrypt(ReadableStream.from(readFilePieces(path)));
}

function unseal(path: string, identities: readonly string[]): AsyncGenerator<Uint8Array> {
  return unsealPieces(path, readFilePieces(path), identities);
}

async function* unsealPieces(
  path: string,
  chunks: AsyncGenerator<Buffer, undefined>,
  identities: readonly string[],
): AsyncGenerator<Uint8Array> {
  try {
    const head = await takeBytes(chunks, HEADER_LIMIT);
    const content = prepend(head, chunks);
    if (isEarlierSeal(head)) yield* unsealEarlier(path, content, identities);
    else {
      requireAgeHeader(path, head);
      yield* unsealAge(path, content, identities);
    }
  } finally {
    // A reader that gave up leaves the file open.
    await chunks.return(undefined);
  }
}

async function* unsealAge(
  path: string,
  content: AsyncIterable<Uint8Array>,
  identities: readonly string[],
): AsyncGenerator<Uint8Array> {
  const { Decrypter } = await import("age-encryption");
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  try {
    yield* await decrypter.decrypt(ReadableStream.from(content));
  } catch (cause) {
    if (cause instanceof EnvironmentError) throw cause;
    if (cause instanceof Error && cause.message.startsWith("no identity matched"))
      throw new VerificationError(path, await notFor(identities), { cause });
    throw new VerificationError(path, "was changed or truncated after it was sealed; nothing of it was kept", {
      cause,
    });
  }
}

async function notFor(identities: readonly string[]): Promise<string> {
  const { identityToRecipient } = await import("age-encryption");
  const own = await Promise.all(identities.map(identityToRecipient));
  return `is not sealed for ${own.join(" or ")}, or its header was changed; nothing of it was kept`;
}

/** A header without an end would be read into memory for as long as the file goes on. */
function requireAgeHeader(path: string, head: Buffer): void {
  const text = head.toString("latin1");
  if (text.startsWith(AGE_ARMOR))
    throw new FormatError(path, "is an armored age file, must be a binary one; encrypt it without armor");
  if (!text.startsWith(AGE_START))
    throw new FormatError(path, "was not made by `residua seal` or `age`, or its beginning is missing");
  if (!text.includes(AGE_HEADER_END))
    throw new VerificationError(path, "was changed or truncated: its header has no end; nothing of it was kept");
}

/** At least `size` bytes from the start, or all that there are. */
async function takeBytes(chunks: AsyncIterator<Buffer>, size: number): Promise<Buffer> {
  const taken: Buffer[] = [];
  for (let held = 0; held < size;) {
    const next = await chunks.next();
    if (next.done) break;
    taken.push(next.value);
    held += next.value.length;
  }
  return Buffer.concat(taken);
}

async function* prepend(head: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield head;
  yield* rest;
}
