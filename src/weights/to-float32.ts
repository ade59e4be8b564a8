import { isDtype, type Tensor } from "../tensor/tensor.ts";
import { bfloat16ToFloat32, float16ToFloat32 } from "../tensor/half.ts";

/** The tensor as float32: itself if it already is, otherwise a rounded copy; booleans become 0 and 1. */
export function toFloat32(value: Tensor): Tensor<"float32"> {
  if (isDtype(value, "float32")) return value;
  return { dtype: "float32", shape: value.shape, data: convertElements(value) };
}

function convertElements(value: Tensor): Float32Array {
  if (isDtype(value, "float16")) return float16ToFloat32(value.data);
  if (isDtype(value, "bfloat16")) return bfloat16ToFloat32(value.data);
  const { data } = value;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float32Array.from(data, Number);
  return new Float32Array(data);
}
