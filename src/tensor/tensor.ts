import { type DType, type DTypeArrays, dtypeArrays } from "./dtype.ts";
import { ShapeError } from "./errors.ts";
import { formatShape, type Shape, sizeOf } from "./shape.ts";

/** Numbers in memory, row-major. Plain data: a library user may build one by hand. */
export interface Tensor<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: Shape;
  readonly data: DTypeArrays[D];
}

/** Makes a tensor of elements and a shape, without copying. @throws {ShapeError} if their sizes differ */
export function tensor<D extends DType>(dtype: D, shape: Shape, data: DTypeArrays[D]): Tensor<D> {
  if (data.length !== sizeOf(shape)) {
    throw new ShapeError("tensor", `${formatShape(shape)} holds ${sizeOf(shape)} elements, got ${data.length}`);
  }
  return { dtype, shape, data };
}

/** A tensor of zeros. */
export function zeros<D extends DType>(dtype: D, shape: Shape): Tensor<D> {
  return { dtype, shape, data: new dtypeArrays[dtype](sizeOf(shape)) };
}

/** A float32 tensor from numbers. @throws {ShapeError} if their count is not the shape's */
export function float32(shape: Shape, values: ArrayLike<number>): Tensor<"float32"> {
  return tensor("float32", shape, values instanceof Float32Array ? values : Float32Array.from(values));
}

/** An int64 tensor from whole numbers. @throws {ShapeError} if their count is not the shape's */
export function int64(shape: Shape, values: ArrayLike<number>): Tensor<"int64"> {
  return tensor("int64", shape, BigInt64Array.from(Array.from(values, BigInt)));
}

/** Whether the tensor has this element type; narrows it. */
export function isDtype<D extends DType>(value: Tensor, dtype: D): value is Tensor<D> {
  return value.dtype === dtype;
}

/** The tensor's own bytes, little-endian as the machine is, without a copy. */
export function bytesOf(value: Tensor): Uint8Array {
  return new Uint8Array(value.data.buffer, value.data.byteOffset, value.data.byteLength);
}
