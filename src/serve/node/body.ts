import type { Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { RequestError } from "../protocol/request-error.ts";
import type { BudgetShare } from "./budget.ts";

const unpackers = { gzip: createGunzip, deflate: createInflate, br: createBrotliDecompress };

/** Bytes that are unpacked at once: each piece takes a turn of the event loop and of a thread. */
const SMALLEST_PIECE = 16_384;
const LARGEST_PIECE = 262_144;

/** What bounds a body. */
export interface BodyLimits {
  /** Bytes of a body as it is sent. */
  readonly bodyBytes: number;
  /** Bytes of a body unpacked. */
  readonly unpackedBytes: number;
}

/** How a body is sent. */
export interface BodyHeaders {
  readonly length: string | undefined;
  readonly encoding: string | undefined;
}

/**
 * Receives a body and unpacks it. Every byte that arrives or comes out is taken from the request's share first, so that bodies
 * under way never hold more than the budget, whatever they unpack to.
 *
 * @throws {RequestError} 413 if it is too long, 415 for an unknown encoding, 400 if it is damaged or cut off, 503 if the
 *   budget is used up
 */
export async function receiveBody(
  stream: Readable,
  { length, encoding = "identity" }: BodyHeaders,
  { bodyBytes, unpackedBytes }: BodyLimits,
  share: BudgetShare,
): Promise<Buffer> {
  const declared = length === undefined ? 0 : Number(length);
  if (declared > bodyBytes)
    throw new RequestError(413, "body", `has ${declared} bytes, must have at most ${bodyBytes}; send less at once`);
  if (encoding !== "identity" && !Object.hasOwn(unpackers, encoding))
    throw new RequestError(415, "Content-Encoding", `"${encoding.slice(0, 40)}" is not read; use gzip, deflate or br`);
  share.growTo(declared);
  const packed = new Pieces(bodyBytes, (most) => `must have at most ${most} bytes; send less at once`, share, 0);
  try {
    // A stream that is refused stays open: over HTTP/2, its answer goes the same way.
    for await (const piece of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) packed.add(piece);
  } catch (cause) {
    if (cause instanceof RequestError) throw cause;
    throw new RequestError(499, "body", `ended after ${packed.length} bytes: the client has gone`, { cause });
  }
  if (length !== undefined && packed.length !== declared)
    throw new RequestError(400, "body", `ended after ${packed.length} of ${declared} bytes`);
  const body = packed.join();
  if (encoding === "identity") return body;
  const chunkSize = Math.min(LARGEST_PIECE, Math.max(SMALLEST_PIECE, 4 * body.length));
  const before = body.length + chunkSize;
  const unpacked = new Pieces(unpackedBytes, (most) => `unpacks to more than ${most} bytes`, share, before);
  const unpacker = unpackers[encoding as keyof typeof unpackers]({ chunkSize });
  unpacker.end(body);
  try {
    for await (const piece of unpacker as AsyncIterable<Buffer>) unpacked.add(piece);
  } catch (cause) {
    if (cause instanceof RequestError) throw cause;
    throw new RequestError(400, "body", `is no valid ${encoding}; send it unpacked, or pack it again`, { cause });
  } finally {
    unpacker.destroy();
  }
  return unpacked.join();
}

/** Pieces of a body; many small ones are copied together, since each piece costs far more memory than it holds. */
class Pieces {
  readonly #most: number;
  readonly #tooLong: (most: number) => string;
  readonly #share: BudgetShare;
  readonly #before: number;
  #whole: Buffer = Buffer.alloc(0);
  length = 0;

  constructor(most: number, tooLong: (most: number) => string, share: BudgetShare, before: number) {
    this.#most = most;
    this.#tooLong = tooLong;
    this.#share = share;
    this.#before = before;
  }

  add(piece: Buffer): void {
    const needed = this.length + piece.length;
    if (needed > this.#most) throw new RequestError(413, "body", this.#tooLong(this.#most));
    if (needed > this.#whole.length) {
      const capacity = Math.min(this.#most, Math.max(needed, 2 * this.#whole.length, 4096));
      this.#share.growTo(this.#before + capacity);
      const grown = Buffer.allocUnsafeSlow(capacity);
      this.#whole.copy(grown, 0, 0, this.length);
      this.#whole = grown;
    }
    piece.copy(this.#whole, this.length);
    this.length = needed;
  }

  join(): Buffer {
    return this.#whole.subarray(0, this.length);
  }
}
