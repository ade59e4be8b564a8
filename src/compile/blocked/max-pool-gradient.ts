import { shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { type MaxPoolGradientAttributes, poolingWindow } from "../../onnx/operators/pooling.ts";
import { float32 } from "../../tensor/tensor.ts";
import { type BlockedContext, type BlockedRule, imageShape } from "./context.ts";
import { interleave } from "./strided-gradient.ts";

/**
 * Along one axis: adjacent windows of 2 places, or windows of 3 that share their outer places, the first starting in
 * the padding.
 */
type WindowKind = "pairs" | "overlapping";

function windowKind(kernel: number, begin: number): WindowKind | undefined {
  if (kernel === 2 && begin === 0) return "pairs";
  return kernel === 3 && begin === 1 ? "overlapping" : undefined;
}

/** Multiplied by the difference of two floats of at least 1e-30, gives at least 1 unless they are equal. */
const STEEP = 3e38;

/** How windows of stride 2 lie; pairs leave the last place of an odd extent out. Undefined for any other arrangement. */
function windowKinds(
  where: string,
  { masked = 0, ...attributes }: MaxPoolGradientAttributes,
  extents: readonly number[],
  outputs: readonly number[],
): readonly [down: WindowKind, across: WindowKind] | undefined {
  const { kernel, strides, dilations, begins } = poolingWindow(where, attributes);
  const kinds = kernel.map((extent, axis) => {
    const kind = windowKind(extent, begins[axis]);
    const covered = kind === "pairs" ? extents[axis] - (extents[axis] % 2) : extents[axis];
    return strides[axis] === 2 && dilations[axis] === 1 && outputs[axis] * 2 === covered ? kind : undefined;
  });
  // Padding counts as 0 here: below every maximum whose gradient matters, if x is a relu's result and its mask has been
  // applied.
  const known = kinds.every((kind) => kind === "pairs" || (kind === "overlapping" && masked === 1));
  return known ? (kinds as [WindowKind, WindowKind]) : undefined;
}

/** Rows of a kernel. */
type Taps = readonly (readonly number[])[];

/** The direction in which places are compared. */
interface Direction {
  /** Taps in this direction, as a kernel. */
  readonly lay: (taps: readonly number[]) => Taps;
  /** Where a row of zeros makes the kernel span both rows of a pair, to examine one of them. */
  readonly zeros?: "before" | "after";
  readonly strides: readonly [number, number];
  readonly pads: (before: number, after: number) => readonly number[];
}

const down: Direction = {
  lay: (taps) => taps.map((tap) => [tap]),
  strides: [2, 1],
  pads: (before, after) => [before, 0, after, 0],
};

/** Along the first or the second row of each pair. */
const across = (row: 0 | 1): Direction => ({
  lay: (taps) => [taps],
  zeros: row === 0 ? "after" : "before",
  strides: [2, 2],
  pads: (before, after) => [0, before, 0, after],
});

/** A depthwise convolution with the same kernel for every channel. */
function convolve(
  c: BlockedContext,
  x: Value,
  kernel: Taps,
  { strides = [1, 1], pads, sum }: { strides?: readonly number[]; pads: readonly number[]; sum?: Value },
): Value {
  const [, channels] = shapeOf(x) as readonly [number, number];
  const kernelShape = [kernel.length, kernel[0].length];
  const weight = c.memo(`kernel/${channels}/${kernel.join(";")}`, () => {
    const ofBlock = kernel.flat().flatMap((tap) => Array.from({ length: c.block }, () => tap));
    const data = Float32Array.from(
      { length: channels * kernel.flat().length },
      (_, at) => ofBlock[at % ofBlock.length],
    );
    return c.g.constant(float32([channels, 1, ...kernelShape], data));
  });
  return c.g.op("BlockedConv", sum ? [x, weight, undefined, sum] : [x, weight], {
    kernel_shape: kernelShape,
    strides,
    dilations: [1, 1],
    pads,
    group: channels,
  });
}

/** 1 where Σ taps·x ≥ 0, else 0: compares two places of each window. */
function compare(
  c: BlockedContext,
  x: Value,
  { lay, zeros, strides, pads }: Direction,
  taps: readonly number[],
  before: number,
): Value {
  const none = taps.map(() => 0);
  const kernel = [...(zeros === "before" ? [none] : []), ...lay(taps), ...(zeros === "after" ? [none] : [])];
  const difference = convolve(c, x, kernel, { strides, pads: pads(before, 0) });
  return c.g.op("HardSigmoid", [difference], { alpha: STEEP, beta: 1 });
}

/**
 * Gives each window's gradient to its first maximum in one direction: returns the gradients of places 0, 2, 4 …, and of
 * the others.
 */
function share(
  c: BlockedContext,
  x: Value,
  dy: Value,
  direction: Direction,
  kind: WindowKind,
): readonly [even: Value, odd: Value] {
  const { g } = c;
  if (kind === "pairs") {
    const even = g.op("Mul", [compare(c, x, direction, [1, -1], 0), dy]);
    return [even, g.op("Sub", [dy, even])];
  }
  // The gradients of the places p, q and r of a window.
  const beforeQ = g.op("Mul", [compare(c, x, direction, [1, -1], 1), dy]);
  const p = g.op("Mul", [compare(c, x, direction, [1, 0, -1], 1), beforeQ]);
  const q = g.op("Mul", [compare(c, x, direction, [1, -1], 0), g.op("Sub", [dy, beforeQ])]);
  const r = g.op("Sub", [g.op("Sub", [dy, p]), q]);
  // A window's r is the next window's p: one place, which gets both gradients.
  const odd = convolve(c, p, direction.lay([0, 1]), { pads: direction.pads(0, 1), sum: r });
  return [q, odd];
}

/**
 * The gradient of max pooling with stride 2 and windows of 2×2, or of 3×3 over a relu's result. The last row or column of an odd
 * extent lies in no window of 2. The largest value of each row of a window is found first and then the first of these, so that
 * among equal values the first in row-major order takes the whole gradient, as in PyTorch. All windows are compared at once, by
 * products: an infinity or NaN in x or dy makes its neighbours NaN.
 */
export const maxPoolGradient: BlockedRule<"MaxPoolGradient"> = (c, { node, inputs, outputs, attributes }) => {
  const [dyName, xName] = inputs as [string, string];
  const [shape, pooled] = [imageShape(c, xName), imageShape(c, dyName)];
  if (shape === undefined || pooled === undefined || !c.isBlocked(xName)) return false;
  const kinds = windowKinds(node.name, attributes, shape.slice(2), pooled.slice(2));
  if (kinds === undefined) return false;
  const [vertical, horizontal] = kinds;
  const x = c.blocked(xName);
  const before = horizontal === "overlapping" ? 1 : 0;
  const rowMaxima = c.g.op("BlockedMaxPool", [x], {
    kernel_shape: [1, horizontal === "overlapping" ? 3 : 2],
    strides: [1, 2],
    dilations: [1, 1],
    pads: [0, before, 0, 0],
    storage_order: 0,
  });
  const rows = share(c, rowMaxima, c.blocked(dyName), down, vertical);
  const phases = rows.flatMap((row, at) => share(c, x, row, across(at as 0 | 1), horizontal));
  const extents = pooled.slice(2);
  const isCovered = extents.every((extent, axis) => 2 * extent === shape[axis + 2]);
  const zeros = isCovered ? [] : [c.g.op("Expand", [c.g.fill(0), c.g.ints([shape[0], c.block, ...extents])])];
  const joined = c.g.op("Concat", [...phases, ...zeros], { axis: 1 });
  c.define(outputs[0], { blocked: interleave(c, joined, { shape, strides: [2, 2], groups: 1, extents }) });
  return true;
};
