import { createDecipheriv, createHash, createPublicKey, diffieHellman, hkdfSync, type KeyObject } from "node:crypto";
import { FormatError, VerificationError } from "../../tensor/errors.ts";
import { fingerprintOf } from "./key-files.ts";
import { toX25519Key } from "./sealing-keys.ts";

/*
 * A file that Residua sealed before it wrote age files; such files are only read:
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
/** What precedes a raw X25519 key in its SPKI form (RFC 8410). */
const SPKI_PREFIX = Buffer.from("302a300506032b656e032100", "hex");

/** Whether a file begins as those do that earlier versions sealed. */
export function isEarlierSeal(head: Buffer): boolean {
  return head.subarray(0, MAGIC.length).equals(MAGIC);
}

/**
 * Decrypts a file that an earlier version sealed. A piece is yielded when it was found to be genuine; the whole is genuine
 * only when the last one was.
 *
 * @param identities age identities, of which one must be the recipient's
 * @throws {VerificationError} if it is sealed for another key, changed or truncated
 * @source RFC 7748 (X25519), RFC 5869 (HKDF), Hoang et al. 2015, "Online authenticated-encryption" (STREAM)
 */
export async function* unsealEarlier(
  path: string,
  content: AsyncIterable<Uint8Array>,
  identities: readonly string[],
): AsyncGenerator<Uint8Array> {
  const keys = (await Promise.all(identities.map(toX25519Key))).filter((key) => key !== undefined);
  let opened: { readonly key: Buffer; readonly context: Buffer } | undefined;
  for await (const { bytes, index, isLast } of cutPieces(content)) {
    if (opened === undefined) {
      const context = createHash("sha256").update(bytes).digest();
      opened = { key: openHeader(path, bytes, keys), context };
      if (isLast) throw cutOff(path);
      continue;
    }
    if (bytes.length < TAG_BYTES) throw cutOff(path);
    // The header was piece 0 here.
    const piece = (asLast: boolean): Piece => ({ ...opened!, nonce: pieceNonce(index - 1, asLast) });
    const plain = tryDecrypt(piece(isLast), bytes);
    if (plain === undefined) {
      if (isLast && tryDecrypt(piece(false), bytes) !== undefined) throw cutOff(path);
      throw new VerificationError(path, "was changed or truncated after it was sealed; nothing of it was kept");
    }
    yield plain;
  }
}

interface Piece {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly context: Uint8Array;
}

/** @throws whatever the tag's check throws, before anything is returned */
function decryptPiece({ key, nonce, context }: Piece, sealed: Buffer): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES }).setAAD(context);
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);
}

function tryDecrypt(piece: Piece, sealed: Buffer): Buffer | undefined {
  try {
    return decryptPiece(piece, sealed);
  } catch {
    return undefined;
  }
}

function pieceNonce(index: number, isLast: boolean): Uint8Array {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeBigUInt64BE(BigInt(index), 3);
  nonce[NONCE_BYTES - 1] = isLast ? 1 : 0;
  return nonce;
}

function cutOff(path: string): VerificationError {
  return new VerificationError(path, "was truncated: its end is missing; nothing of it was kept");
}

function wrappingKey(shared: Buffer, ephemeral: Buffer, recipient: Buffer): Uint8Array {
  const salt = Buffer.concat([ephemeral, recipient]);
  return new Uint8Array(hkdfSync("sha256", shared, salt, "residua-seal-1 file key", KEY_BYTES));
}

/** The key of the file's content. */
function openHeader(path: string, header: Buffer, keys: readonly KeyObject[]): Buffer {
  if (header.length < HEADER_BYTES) throw new FormatError(path, "was truncated within its header");
  const part = (start: number, length: number): Buffer => header.subarray(start, start + length);
  const recipient = part(MAGIC.length, KEY_BYTES).toString("hex");
  const secret = keys.find((key) => fingerprintOf(key) === recipient);
  if (secret === undefined) {
    const own = keys.map((key) => `${fingerprintOf(key).slice(0, 16)}…`).join(" or ");
    throw new VerificationError(path, `is sealed for key ${recipient.slice(0, 16)}…, not for ${own || "this one"}`);
  }
  const ephemeral = part(MAGIC.length + KEY_BYTES, KEY_BYTES);
  try {
    const publicKey = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, ephemeral]), type: "spki", format: "der" });
    const shared = diffieHellman({ privateKey: secret, publicKey });
    const own = createPublicKey(secret).export({ type: "spki", format: "der" }).subarray(SPKI_PREFIX.length);
    const start = part(0, HEADER_BYTES - KEY_BYTES - TAG_BYTES);
    // The wrapping key served once, so its nonce could be fixed.
    const wrap = { key: wrappingKey(shared, ephemeral, own), nonce: new Uint8Array(NONCE_BYTES), context: start };
    return decryptPiece(wrap, header.subarray(start.length));
  } catch {
    throw new VerificationError(path, "was changed after it was sealed; nothing of it was kept");
  }
}

interface CutPiece {
  readonly bytes: Buffer;
  readonly index: number;
  readonly isLast: boolean;
}

/** The header, then pieces with their tags; content that ends with the header has no piece after it. */
async function* cutPieces(content: AsyncIterable<Uint8Array>): AsyncGenerator<CutPiece> {
  let pending: Uint8Array[] = [];
  let held = 0;
  let index = 0;
  let wanted = HEADER_BYTES;
  for await (const chunk of content) {
    pending.push(chunk);
    held += chunk.length;
    // One byte more shows that a piece is not the last.
    if (held <= wanted) continue;
    let rest = Buffer.concat(pending);
    while (rest.length > wanted) {
      yield { bytes: rest.subarray(0, wanted), index: index++, isLast: false };
      rest = rest.subarray(wanted);
      wanted = PIECE_BYTES + TAG_BYTES;
    }
    pending = [rest];
    held = rest.length;
  }
  yield { bytes: Buffer.concat(pending), index, isLast: true };
}
