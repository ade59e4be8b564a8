import { type GraphBuilder, shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";

/**
 * Channels per block: 16 floats fill a vector register of AVX-512, 8 one of AVX2.
 *
 * A blocked tensor of logical shape [N,C,H,W] lies in memory as [N,C/b,H,W,b], with C rounded up to a multiple of b. It
 * is declared as [N,Cp,H,W], which is what ONNX Runtime's blocked operators take. The channels from C to Cp are zero:
 * every rewrite keeps them so.
 */
export type BlockSize = 8 | 16;

/** The smallest multiple of `divisor` that is at least `count`. */
export function roundUp(count: number, divisor: number): number {
  return Math.ceil(count / divisor) * divisor;
}

/** [N,C,H,W] → [N,Cp,H,W]: the declared shape of a blocked tensor. */
export function declaredShape(shape: Shape, block: BlockSize): Shape {
  return shape.with(1, roundUp(shape[1], block));
}

/** [N,C,H,W] → [N,Cp/b,H,W,b]: the shape of a blocked tensor in memory. */
export function memoryShape([N, C, H, W]: Shape, block: BlockSize): Shape {
  return [N, Math.ceil(C / block), H, W, block];
}

/** Reshapes; nothing moves in memory. */
export function reshape(g: GraphBuilder, x: Value, shape: Shape): Value {
  return g.op("Reshape", [x, g.ints(shape)]);
}

/** Adds zeros before and after along axes (crops if negative); x itself if there is nothing to do. */
export function pad(g: GraphBuilder, x: Value, begins: Shape, ends: Shape): Value {
  return [...begins, ...ends].every((by) => by === 0) ? x : g.op("Pad", [x, g.ints([...begins, ...ends])]);
}

/** The elements from `start` to `stop` along one axis; x itself if those are all. */
export function slice(g: GraphBuilder, x: Value, axis: number, start: number, stop: number, step = 1): Value {
  if (start === 0 && step === 1 && stop >= shapeOf(x)[axis]) return x;
  return g.op("Slice", [x, g.ints([start]), g.ints([stop]), g.ints([axis]), g.ints([step])]);
}

/** Appends zeros to a vector, [C] → [Cp], as the padded channels need. */
export function padVector(g: GraphBuilder, vector: Value, block: BlockSize): Value {
  const [channels] = shapeOf(vector);
  return pad(g, vector, [0], [roundUp(channels, block) - channels]);
}

/** Row-major [N,C,H,W] → blocked. A single point is the same in both. */
export function toBlocked(g: GraphBuilder, x: Value, block: BlockSize): Value {
  const shape = shapeOf(x);
  const whole = pad(g, x, [0, 0, 0, 0], [0, roundUp(shape[1], block) - shape[1], 0, 0]);
  return sizeOf(shape.slice(2)) === 1 ? whole : g.op("BlockedReorderInput", [whole]);
}

/** Blocked → row-major [N,channels,H,W]. */
export function toPlain(g: GraphBuilder, x: Value, channels: number): Value {
  if (sizeOf(shapeOf(x).slice(2)) === 1) return slice(g, x, 1, 0, channels);
  return g.op("BlockedReorderOutput", [x], { channels });
}

/** Rows and columns to add around a plane; negative ones are cropped. */
export interface Border {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** Adds a border of zeros to every plane of a blocked tensor. */
export function padPlanes(g: GraphBuilder, x: Value, block: BlockSize, { top, left, bottom, right }: Border): Value {
  if (top === 0 && left === 0 && bottom === 0 && right === 0) return x;
  const [N, C, H, W] = shapeOf(x) as readonly [number, number, number, number];
  const planes = reshape(g, x, [(N * C) / block, H, W * block]);
  const padded = pad(g, planes, [0, top, left * block], [0, bottom, right * block]);
  return reshape(g, padded, [N, C, H + top + bottom, W + left + right]);
}

/** Puts `step − 1` zeros after every row and column of a blocked tensor: [N,C,H,W] → [N,C,H·sh,W·sw]. */
export function spreadPlanes(
  g: GraphBuilder,
  x: Value,
  block: BlockSize,
  [down, across]: readonly [number, number],
): Value {
  if (down === 1 && across === 1) return x;
  const [N, C, H, W] = shapeOf(x) as readonly [number, number, number, number];
  const rows = reshape(g, x, [(N * C * H) / block, 1, W, block]);
  const spread = pad(g, rows, [0, 0, 0, 0], [0, down - 1, 0, (across - 1) * block]);
  return reshape(g, spread, [N, C, H * down, W * across]);
}
