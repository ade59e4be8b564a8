import { type DType, dtypeArrays } from "../../tensor/dtype.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/**
 * One element of a tensor before anything runs: a number (bigint for whole types and booleans), the name of an open
 * extent, or undefined if unknown.
 */
export type Element = number | bigint | string | undefined;

/** A small tensor with some known elements: shapes, axes and the like. */
export interface Elements {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly values: readonly Element[];
}

/** Larger tensors are not shapes; computing on them is the runtime's work. */
export const MAXIMUM_ELEMENTS = 4096;

export const isFloat = (dtype: DType): boolean => dtype === "float32" || dtype === "float64";

/** Half types are kept as bits, with which nothing is computed here. */
export const isComputable = (dtype: DType): boolean => dtype !== "float16" && dtype !== "bfloat16";

/** The elements of a constant; undefined if it is large or of a half type. */
export function elementsOf(value: Tensor): Elements | undefined {
  const { dtype, shape, data } = value;
  if (!isComputable(dtype) || data.length > MAXIMUM_ELEMENTS) return undefined;
  const list = Array.from(data as ArrayLike<number | bigint>);
  return { dtype, shape, values: isFloat(dtype) ? list : list.map(BigInt) };
}

/** The tensor, if all its elements are known. */
export function toTensor({ dtype, shape, values }: Elements): Tensor | undefined {
  const known = values.filter((value) => typeof value === "number" || typeof value === "bigint");
  if (known.length !== values.length || !isComputable(dtype)) return undefined;
  const data = new dtypeArrays[dtype](sizeOf(shape));
  const wide = dtype === "int64" || dtype === "uint64";
  const plain = data as unknown as (number | bigint)[];
  known.forEach((value, index) => (plain[index] = wide ? BigInt(value) : Number(value)));
  return { dtype, shape, data };
}

/** The elements as whole numbers, if all are known and within 2⁵³. */
export function wholeNumbers(elements: Elements | undefined): readonly number[] | undefined {
  const numbers = elements?.values.map((value) => (typeof value === "bigint" ? clampToNumber(value) : undefined));
  return numbers?.every((value) => value !== undefined) ? numbers : undefined;
}

/** Slices express "to the end" by the largest 64-bit number. */
function clampToNumber(value: bigint): number {
  const limit = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(value > limit ? limit : value < -limit ? -limit : value);
}
