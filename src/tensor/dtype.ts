/** The element types that Residua reads, writes and computes with, under their NumPy names. */
export type DType = keyof DTypeArrays;

/** The array that holds a tensor's elements. Half types are kept as their 16 bits, booleans as bytes. */
export interface DTypeArrays {
  readonly float32: Float32Array;
  readonly float64: Float64Array;
  readonly float16: Uint16Array;
  readonly bfloat16: Uint16Array;
  readonly int8: Int8Array;
  readonly uint8: Uint8Array;
  readonly int16: Int16Array;
  readonly uint16: Uint16Array;
  readonly int32: Int32Array;
  readonly uint32: Uint32Array;
  readonly int64: BigInt64Array;
  readonly uint64: BigUint64Array;
  readonly bool: Uint8Array;
}

interface ArrayConstructorOf<A> {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): A;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): A;
}

/** The constructor of the array behind each element type. */
export const dtypeArrays: { readonly [D in DType]: ArrayConstructorOf<DTypeArrays[D]> } = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
};

/** Bytes that one element takes. */
export function bytesPerElement(dtype: DType): number {
  return dtypeArrays[dtype].BYTES_PER_ELEMENT;
}
