import { ShapeError } from "./errors.ts";

/** A tensor's extents; outermost first. */
export type Shape = readonly number[];

/** An extent of a value in a graph: a number, or the name of one known only at run time (the batch). */
export type Dimension = number | string;

/** The extents of a value in a graph. */
export type SymbolicShape = readonly Dimension[];

/** Number of elements of `shape`; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** `[8,64,32,32]`, as errors and dumps print a shape. */
export function formatShape(shape: SymbolicShape): string {
  return `[${shape.join(",")}]`;
}

/** Whether two shapes have equal extents (equal names count as equal). */
export function sameShape(a: SymbolicShape, b: SymbolicShape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** Narrows to a shape without names. @throws {ShapeError} naming the symbolic extent. */
export function staticShape(where: string, shape: SymbolicShape): Shape {
  return shape.map((extent) => {
    if (typeof extent === "number") return extent;
    throw new ShapeError(where, `extent "${extent}" of ${formatShape(shape)} must be known; build with a static batch`);
  });
}

/**
 * The shape to which two operands broadcast.
 * @source NumPy's broadcasting rules, which ONNX follows.
 * @throws {ShapeError} if an axis has two different extents, neither of them 1
 */
export function broadcastShapes(where: string, a: SymbolicShape, b: SymbolicShape): SymbolicShape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis): Dimension => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw new ShapeError(where, `cannot broadcast ${formatShape(a)} with ${formatShape(b)}`);
  });
}

/** The axis counted from the front. @throws {ShapeError} if the rank has no such axis */
export function normalizeAxis(where: string, axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(axis) && normal >= 0 && normal < rank) return normal;
  throw new ShapeError(where, `axis ${axis} is outside a rank of ${rank}`);
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): Shape {
  const strides = Array.from(shape, () => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * shape[axis + 1];
  return strides;
}
