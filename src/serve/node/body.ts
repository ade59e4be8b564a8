import type { Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { RequestError } from "../protocol/request-error.ts";
import type { BudgetShare } from "./budget.ts";

const unpackers = { gzip: createGunzip, deflate: createInflate, br: createBrotliDecompress };

/** Bytes that are unpacked at once: each piece takes a turn of the event loop and of a thread. */
const SMALLEST_PIECE = 16_384;
const LARGEST_PIECE = 65_536;

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
    packed.discard();
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
    unpacked.discard();
    if (cause instanceof RequestError) throw cause;
    throw new RequestError(400, "body", `is no valid ${encoding}; send it unpacked, or pack it again`, { cause });
  } finally {
    unpacker.destroy();
  }
  return unpacked.join();
}

/** Memory that grows where it is, and is given back at once. In ES2024; Node has it from 20 on. */
type GrowingMemory = ArrayBuffer & { readonly resize: (bytes: number) => void };
const GrowingMemory = ArrayBuffer as unknown as new (
  bytes: number,
  options: { readonly maxByteLength: number },
) => GrowingMemory;

/**
 * Pieces of a body; many small ones are copied together, since each piece costs far more memory than it holds. What is not
 * needed any more is given back here, not when garbage is collected: refused bodies leave none.
 */
class Pieces {
  readonly #most: number;
  readonly #tooLong: (most: number) => string;
  readonly #share: BudgetShare;
  readonly #before: number;
  readonly #memory: GrowingMemory;
  readonly #bytes: Uint8Array;
  length = 0;

  constructor(most: number, tooLong: (most: number) => string, share: BudgetShare, before: number) {
    this.#most = most;
    this.#tooLong = tooLong;
    this.#share = share;
    this.#before = before;
    this.#memory = new GrowingMemory(0, { maxByteLength: most });
    this.#bytes = new Uint8Array(this.#memory);
  }

  add(piece: Buffer): void {
    const needed = this.length + piece.length;
    if (needed > this.#most) throw new RequestError(413, "body", this.#tooLong(this.#most));
    const held = this.#memory.byteLength;
    if (needed > held) {
      const capacity = Math.min(this.#most, Math.max(needed, 2 * held, 4096));
      this.#share.growTo(this.#before + capacity);
      this.#memory.resize(capacity);
    }
    this.#bytes.set(piece, this.length);
    this.length = needed;
  }

  /** All of it, in memory of its own. */
  join(): Buffer {
    const whole = Buffer.allocUnsafeSlow(this.length);
    whole.set(this.#bytes.subarray(0, this.length));
    this.discard();
    return whole;
  }

  discard(): void {
    this.#memory.resize(0);
  }
}
