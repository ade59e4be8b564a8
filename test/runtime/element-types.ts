import type { DType } from "../../src/tensor/dtype.ts";
import { tensor, type Tensor } from "../../src/tensor/tensor.ts";

/** One tensor `[4]` an element type that runtimes take, with the values at the edges of the type. */
export const edgeValues: { readonly [D in Exclude<DType, "bfloat16">]: Tensor<D> } = {
  float32: tensor("float32", [4], Float32Array.of(-0, Infinity, 1e-45, 3.4028234663852886e38)),
  float64: tensor("float64", [4], Float64Array.of(-0, Infinity, 5e-324, Number.MAX_VALUE)),
  // One, −0, the smallest subnormal and infinity, as bits.
  float16: tensor("float16", [4], Uint16Array.of(0x3c00, 0x8000, 0x0001, 0x7c00)),
  int8: tensor("int8", [4], Int8Array.of(-128, -1, 0, 127)),
  uint8: tensor("uint8", [4], Uint8Array.of(0, 1, 128, 255)),
  int16: tensor("int16", [4], Int16Array.of(-32768, -1, 0, 32767)),
  uint16: tensor("uint16", [4], Uint16Array.of(0, 1, 32768, 65535)),
  int32: tensor("int32", [4], Int32Array.of(-2147483648, -1, 0, 2147483647)),
  uint32: tensor("uint32", [4], Uint32Array.of(0, 1, 2147483648, 4294967295)),
  int64: tensor("int64", [4], BigInt64Array.of(-(2n ** 63n), -1n, 2n ** 53n + 1n, 2n ** 63n - 1n)),
  uint64: tensor("uint64", [4], BigUint64Array.of(0n, 1n, 2n ** 53n + 1n, 2n ** 64n - 1n)),
  bool: tensor("bool", [4], Uint8Array.of(0, 1, 1, 0)),
};
