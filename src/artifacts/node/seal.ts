import { toEnvironmentError, writeFileAtomically } from "../../files/node.ts";
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { createReadStream } from "node:fs";
import { FormatError, VerificationError } from "../../tensor/errors.ts";
import { fingerprintOf, ownerOnly, readPublicKey, readSecretKey } from "./keys.ts";

/*
 * A sealed file:
 *
 *   magic "residua-seal-1\n" | SHA-256 of the recipient's public key | ephemeral X25519 key | file key under the wrapping key
 *   then pieces of 64 KiB, the last one shorter or equally long, each followed by its tag
 *
 * The wrapping key is HKDF-SHA-256 over the shared secret of the ephemeral and the recipient's key. A piece's nonce is its
 * number with a last byte of 1 for the last piece (the STREAM construction), so that no piece can be changed, left out,
 * moved or added, and no end be taken for another. The header is authenticated with every piece.
 */
const MAGIC = Buffer.from("residua-seal-1\n");
const KEY_BYTES = 32;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;
const PIECE_BYTES = 65_536;
const HEADER_BYTES = MAGIC.length + KEY_BYTES + KEY_BYTES + KEY_BYTES + TAG_BYTES;
/** What precedes a raw X25519 key in its DER form (RFC 8410). */
const SPKI_PREFIX = Buffer.from("302a300506032b656e032100", "hex");

/**
 * Seals a file of any size for the holder of a key: AES-256-GCM in pieces, under a fresh key that only the recipient's
 * X25519 key unwraps.
 *
 * @param options.recipient path of the recipient's public key
 * @param options.out where the sealed file goes; it appears whole or not at all
 * @throws {EnvironmentError | FormatError} if the file or the key cannot be read
 * @source RFC 7748 (X25519), RFC 5869 (HKDF), Hoang et al. 2015, "Online authenticated-encryption" (STREAM)
 */
export async function sealArtefact(
  path: string,
  options: { readonly recipient: string; readonly out: string },
): Promise<void> {
  const recipient = await readPublicKey(options.recipient, "seal");
  await writeFileAtomically(options.out, encrypt(path, recipient), { mode: ownerOnly });
}

/**
 * Opens a sealed file. Nothing is at `out` before the last piece was found to be genuine and the last.
 *
 * @param options.key path of the recipient's private key
 * @throws {VerificationError} if it is sealed for another key, was changed or cut off
 * @throws {FormatError} if it is no sealed file
 */
export async function openArtefact(
  path: string,
  options: { readonly key: string; readonly out: string },
): Promise<void> {
  const key = await readSecretKey(options.key, "seal");
  await writeFileAtomically(options.out, decrypt(path, key), { mode: ownerOnly });
}

function wrappingKey(shared: Buffer, ephemeral: Buffer, recipient: Buffer): Uint8Array {
  const salt = Buffer.concat([ephemeral, recipient]);
  return new Uint8Array(hkdfSync("sha256", shared, salt, "residua-seal-1 file key", KEY_BYTES));
}

function rawPublicKey(key: KeyObject): Buffer {
  const open = key.type === "private" ? createPublicKey(key) : key;
  return open.export({ type: "spki", format: "der" }).subarray(SPKI_PREFIX.length);
}

interface Piece {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly context: Uint8Array;
}

function encryptPiece({ key, nonce, context }: Piece, plain: Uint8Array): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES }).setAAD(context);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** @throws whatever the tag's check throws, before anything is returned */
function decryptPiece({ key, nonce, context }: Piece, sealed: Buffer): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES }).setAAD(context);
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);
}

/** The wrapping key serves once, so its nonce may be fixed. */
const wrapNonce = new Uint8Array(NONCE_BYTES);

function pieceNonce(index: number, isLast: boolean): Uint8Array {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeBigUInt64BE(BigInt(index), 3);
  nonce[NONCE_BYTES - 1] = isLast ? 1 : 0;
  return nonce;
}

async function* encrypt(path: string, recipient: KeyObject): AsyncGenerator<Uint8Array> {
  const ephemeral = generateKeyPairSync("x25519");
  const shared = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: recipient });
  const opening = rawPublicKey(ephemeral.publicKey);
  const start = Buffer.concat([MAGIC, Buffer.from(fingerprintOf(recipient), "hex"), opening]);
  const key = randomBytes(KEY_BYTES);
  const wrap = { key: wrappingKey(shared, opening, rawPublicKey(recipient)), nonce: wrapNonce, context: start };
  const header = Buffer.concat([start, encryptPiece(wrap, key)]);
  yield header;
  const context = createHash("sha256").update(header).digest();
  for await (const { bytes, index, isLast } of readPieces(path, PIECE_BYTES))
    yield encryptPiece({ key, nonce: pieceNonce(index, isLast), context }, bytes);
}

async function* decrypt(path: string, secret: KeyObject): AsyncGenerator<Uint8Array> {
  let opened: { readonly key: Buffer; readonly context: Buffer } | undefined;
  for await (const { bytes, index, isLast } of readPieces(path, PIECE_BYTES + TAG_BYTES, HEADER_BYTES)) {
    if (opened === undefined) {
      const context = createHash("sha256").update(bytes).digest();
      opened = { key: openHeader(path, bytes, secret), context };
      if (isLast) throw cutOff(path);
      continue;
    }
    if (bytes.length < TAG_BYTES) throw cutOff(path);
    // The header was piece 0 here.
    const piece = (asLast: boolean): Piece => ({ ...opened!, nonce: pieceNonce(index - 1, asLast) });
    const plain = tryDecrypt(piece(isLast), bytes);
    if (plain === undefined) {
      if (isLast && tryDecrypt(piece(false), bytes) !== undefined) throw cutOff(path);
      throw new VerificationError(path, "was changed or cut off after it was sealed; nothing of it was kept");
    }
    yield plain;
  }
}

function cutOff(path: string): VerificationError {
  return new VerificationError(path, "was cut off: its end is missing; nothing of it was kept");
}

function tryDecrypt(piece: Piece, sealed: Buffer): Buffer | undefined {
  try {
    return decryptPiece(piece, sealed);
  } catch {
    return undefined;
  }
}

/** The key of the file's content. */
function openHeader(path: string, header: Buffer, secret: KeyObject): Buffer {
  if (header.length < HEADER_BYTES || !header.subarray(0, MAGIC.length).equals(MAGIC))
    throw new FormatError(path, "is no file that `residua seal` made, or its beginning is missing");
  const part = (start: number, length: number): Buffer => header.subarray(start, start + length);
  const recipient = part(MAGIC.length, KEY_BYTES).toString("hex");
  const own = fingerprintOf(secret);
  if (recipient !== own)
    throw new VerificationError(path, `is sealed for key ${recipient.slice(0, 16)}…, not for ${own.slice(0, 16)}…`);
  const opening = part(MAGIC.length + KEY_BYTES, KEY_BYTES);
  try {
    const publicKey = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, opening]), type: "spki", format: "der" });
    const shared = diffieHellman({ privateKey: secret, publicKey });
    const start = part(0, HEADER_BYTES - KEY_BYTES - TAG_BYTES);
    const key = wrappingKey(shared, opening, rawPublicKey(secret));
    return decryptPiece({ key, nonce: wrapNonce, context: start }, header.subarray(start.length));
  } catch {
    throw new VerificationError(path, "was changed after it was sealed; nothing of it was kept");
  }
}

interface ReadPiece {
  readonly bytes: Buffer;
  readonly index: number;
  readonly isLast: boolean;
}

/** A file in pieces of `size` bytes, of which the first is `first` bytes long; an empty file has one empty piece. */
async function* readPieces(path: string, size: number, first: number = size): AsyncGenerator<ReadPiece> {
  let pending: Buffer[] = [];
  let held = 0;
  let index = 0;
  let wanted = first;
  const stream = createReadStream(path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>;
  const failed = (cause: unknown): never => {
    throw toEnvironmentError(path, "cannot read", cause);
  };
  for await (const chunk of passErrors(stream, failed)) {
    pending.push(chunk);
    held += chunk.length;
    // One byte more shows that a piece is not the last.
    if (held <= wanted) continue;
    let rest = Buffer.concat(pending);
    while (rest.length > wanted) {
      yield { bytes: rest.subarray(0, wanted), index: index++, isLast: false };
      rest = rest.subarray(wanted);
      wanted = size;
    }
    pending = [rest];
    held = rest.length;
  }
  yield { bytes: Buffer.concat(pending), index, isLast: true };
}

async function* passErrors<T>(source: AsyncIterable<T>, fail: (cause: unknown) => never): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await iterator.next().catch(fail);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}
