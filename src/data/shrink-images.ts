import { sizeOf } from "../tensor/shape.ts";
import { float32, type Tensor } from "../tensor/tensor.ts";

/** What each place of a shorter line takes of a longer one: weights from `first` on, whose sum is 1. */
interface Taps {
  readonly first: number;
  readonly weights: readonly number[];
}

/** The triangle kernel, stretched so that it reaches over everything that a place of the shorter line stands for. */
function tapsOf(from: number, to: number): readonly Taps[] {
  const scale = from / to;
  return Array.from({ length: to }, (_, place) => {
    const middle = scale * (place + 0.5);
    const first = Math.max(0, Math.floor(middle - scale + 0.5));
    const end = Math.min(from, Math.floor(middle + scale + 0.5));
    const drawn = Array.from({ length: end - first }, (__, at) =>
      Math.max(0, 1 - Math.abs(first + at + 0.5 - middle) / scale),
    );
    const sum = drawn.reduce((total, weight) => total + weight, 0);
    return { first, weights: drawn.map((weight) => weight / sum) };
  });
}

/** Shrinks one axis. @param inner values between two neighbours along the axis */
function shrinkAxis(data: Float32Array, inner: number, from: number, to: number): Float32Array {
  const taps = tapsOf(from, to);
  const lines = data.length / (from * inner);
  const out = new Float32Array(lines * to * inner);
  for (let line = 0; line < lines; line++) {
    for (const [place, { first, weights }] of taps.entries()) {
      const target = (line * to + place) * inner;
      for (const [tap, weight] of weights.entries()) {
        const source = (line * from + first + tap) * inner;
        for (let at = 0; at < inner; at++) out[target + at] += weight * data[source + at];
      }
    }
  }
  return out;
}

/**
 * Shrinks images along all their axes but the channels, each by the triangle kernel that leaves nothing out.
 *
 * @param images `[N, C, …]`
 * @param to sides of the smaller images, none above that of the larger
 * @returns `[N, C, …to]`; the images themselves if they have that size
 * @source PyTorch's `interpolate(mode="bilinear", antialias=True)`
 */
export function shrinkImages(images: Tensor<"float32">, to: readonly number[]): Tensor<"float32"> {
  if (to.every((side, index) => images.shape[2 + index] === side)) return images;
  const shape = [...images.shape];
  let { data } = images;
  for (const [index, side] of to.entries()) {
    const axis = 2 + index;
    if (shape[axis] !== side) data = shrinkAxis(data, sizeOf(shape.slice(axis + 1)), shape[axis], side);
    shape[axis] = side;
  }
  return float32(shape, data);
}
