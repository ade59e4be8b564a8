import type { Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { RequestError } from "../protocol/request-error.ts";
import type { BudgetShare } from "./budget.ts";
import { createPieces } from "./pieces.ts";

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
  const packed = createPieces({
    share,
    before: 0,
    most: bodyBytes,
    ...(length !== undefined && { expected: declared }),
    tooLong: `must have at most ${bodyBytes} bytes; send less at once`,
  });
  try {
    await readAll(stream, packed.add);
  } catch (cause) {
    packed.discard();
    if (cause instanceof RequestError) throw cause;
    throw new RequestError(499, "body", `ended after ${packed.length()} bytes: the client has gone`, { cause });
  }
  if (length !== undefined && packed.length() !== declared)
    throw new RequestError(400, "body", `ended after ${packed.length()} of ${declared} bytes`);
  const body = packed.join();
  if (encoding === "identity") return body;
  const chunkSize = Math.min(LARGEST_PIECE, Math.max(SMALLEST_PIECE, 4 * body.length));
  const unpacked = createPieces({
    share,
    before: body.length + chunkSize,
    most: unpackedBytes,
    tooLong: `unpacks to more than ${unpackedBytes} bytes`,
  });
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

/**
 * Reads a stream to its end. One that is refused stays open: over HTTP/2, its answer goes the same way. (Node's own iteration
 * over a stream costs as much as the rest of a short request.)
 */
function readAll(stream: Readable, add: (piece: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    if (stream.readableEnded) return resolve();
    if (stream.destroyed) return reject(new Error("closed before its end"));
    const stop = (): void => {
      stream.off("data", take).off("end", end).off("error", fail).off("close", close);
    };
    const fail = (error: unknown): void => {
      stop();
      stream.pause();
      reject(error);
    };
    const close = (): void => fail(new Error("closed before its end"));
    const end = (): void => {
      stop();
      resolve();
    };
    const take = (piece: Buffer): void => {
      try {
        add(piece);
      } catch (error) {
        fail(error);
      }
    };
    stream.on("data", take).on("end", end).on("error", fail).on("close", close);
  });
}
