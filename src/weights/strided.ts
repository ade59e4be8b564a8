import { type Shape, stridesOf } from "../tensor/shape.ts";

/** The layout of a tensor's elements in a storage, all counted in elements. */
export interface StridedLayout {
  readonly offset: number;
  readonly shape: Shape;
  readonly strides: Shape;
}

/** Elements of any type, numbers or big integers. */
interface Elements {
  readonly length: number;
  [index: number]: number | bigint;
}

/** Whether the elements are contiguous in row-major order; an axis of extent 1 may have any stride. */
export function isRowMajor({ shape, strides }: StridedLayout): boolean {
  const wanted = stridesOf(shape);
  return shape.includes(0) || shape.every((extent, axis) => extent === 1 || strides[axis] === wanted[axis]);
}

/** Index of the last element that the layout touches; −1 if it touches none. Strides must not be negative. */
export function lastIndex({ offset, shape, strides }: StridedLayout): number {
  if (shape.includes(0)) return -1;
  return shape.reduce((last, extent, axis) => last + (extent - 1) * strides[axis], offset);
}

/** Copies the elements that `layout` picks from `source` into `target`, in row-major order. */
export function gatherElements(source: Elements, target: Elements, layout: StridedLayout): void {
  const { shape, strides } = layout;
  const index = shape.map(() => 0);
  let from = layout.offset;
  for (let to = 0; to < target.length; to++) {
    target[to] = source[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      index[axis] = index[axis] + 1;
      if (index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
}
