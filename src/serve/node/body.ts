import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import { RequestError } from "../protocol/request-error.ts";

const unpackers = { gzip: promisify(gunzip), deflate: promisify(inflate), br: promisify(brotliDecompress) };

/**
 * Unpacks a body.
 *
 * @param most bytes that it may have unpacked
 * @throws {RequestError} 415 for another encoding, 413 if it unpacks to more, 400 if it is damaged
 */
export async function unpackBody(body: Uint8Array, encoding: string | undefined, most: number): Promise<Uint8Array> {
  if (encoding === undefined || encoding === "identity") return body;
  if (!Object.hasOwn(unpackers, encoding))
    throw new RequestError(415, "Content-Encoding", `"${encoding}" is not read; use gzip, deflate or br`);
  try {
    return await unpackers[encoding as "gzip"](body, { maxOutputLength: most });
  } catch (cause) {
    const isLarge = cause instanceof RangeError || (cause as { code?: string }).code === "ERR_BUFFER_TOO_LARGE";
    if (isLarge)
      throw new RequestError(413, "body", `unpacks to more than ${most} bytes; send less at once`, { cause });
    throw new RequestError(400, "body", `is no valid ${encoding}; send it unpacked, or pack it again`, { cause });
  }
}
