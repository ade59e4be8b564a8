import { bytesPerElement, type DType, type DTypeArrays, dtypeArrays } from "./dtype.ts";

/** Concatenates pieces into one array. */
export function joinBytes(chunks: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    joined.set(chunk, offset);
    offset += chunk.length;
  }
  return joined;
}

/** Little-endian bytes as elements: a view where they are aligned, otherwise a copy. */
export function viewElements<D extends DType>(dtype: D, bytes: Uint8Array): DTypeArrays[D] {
  const size = bytesPerElement(dtype);
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  return new dtypeArrays[dtype](aligned.buffer, aligned.byteOffset, aligned.length / size);
}
