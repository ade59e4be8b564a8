import { bytesPerElement, type DType, type DTypeArrays, dtypeArrays } from "../tensor/dtype.ts";

/** Little-endian bytes as elements: a view where they are aligned, otherwise a copy. */
export function viewElements<D extends DType>(dtype: D, bytes: Uint8Array): DTypeArrays[D] {
  const size = bytesPerElement(dtype);
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  return new dtypeArrays[dtype](aligned.buffer, aligned.byteOffset, aligned.length / size);
}

/** Orders texts by their UTF-16 code units, the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
