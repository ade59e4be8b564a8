import { FormatError } from "../tensor/errors.ts";
import { sizeOf } from "../tensor/shape.ts";

/** Whole numbers from an idx file. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;
const HEADER_BYTES = 4;

/**
 * Reads an idx file of unsigned bytes, without a copy.
 *
 * @param where the file's name, for errors
 * @throws {FormatError} if it is not an idx file, has another element type, or its size contradicts its header
 * @source LeCun, "The MNIST database", file formats
 */
export function decodeIdx(bytes: Uint8Array, where: string): IdxArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rank = bytes[3] ?? 0;
  const start = HEADER_BYTES * (rank + 1);
  if (bytes.length < start || bytes[0] !== 0 || bytes[1] !== 0 || rank === 0)
    throw new FormatError(where, "is not an idx file, or truncated in its header");
  if (bytes[2] !== UNSIGNED_BYTE)
    throw new FormatError(where, `holds elements of type 0x${bytes[2].toString(16)}, must be unsigned bytes (0x8)`);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(HEADER_BYTES * (axis + 1)));
  // Checked before the product, which may be infinite.
  const size = shape.includes(0) ? 0 : sizeOf(shape);
  if (bytes.length - start !== size) {
    const state = bytes.length - start < size ? "is truncated" : "is too long";
    throw new FormatError(where, `${state}: its header says ${size} elements, it holds ${bytes.length - start}`);
  }
  return { shape, data: bytes.subarray(start) };
}
