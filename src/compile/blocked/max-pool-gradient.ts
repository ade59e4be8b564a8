import { shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { type MaxPoolGradientAttributes, poolingWindow } from "../../onnx/operators/pooling.ts";
import { float32 } from "../../tensor/tensor.ts";
import { type BlockedContext, type BlockedRule, imageShape } from "./context.ts";
import { interleave } from "./strided-gradient.ts";

/** Along one axis: windows of 2 places side by side, or of 3 that share their outer ones, the first beginning in the padding. */
type WindowKind = "pairs" | "overlapping";

function windowKind(kernel: number, begin: number): WindowKind | undefined {
  if (kernel === 2 && begin === 0) return "pairs";
  return kernel === 3 && begin === 1 ? "overlapping" : undefined;
}

/** How the windows of stride 2 lie on planes of even extents; undefined where they lie otherwise. */
function windowKinds(
  where: string,
  { masked = 0, ...attributes }: MaxPoolGradientAttributes,
  extents: readonly number[],
  outputs: readonly number[],
): readonly [down: WindowKind, across: WindowKind] | undefined {
  const { kernel, strides, dilations, begins } = poolingWindow(where, attributes);
  const kinds = kernel.map((extent, axis) => {
    const halves = strides[axis] === 2 && dilations[axis] === 1 && outputs[axis] * 2 === extents[axis];
    return halves ? windowKind(extent, begins[axis]) : undefined;
  });
  // Padding counts as 0 here: below every maximum whose gradient counts, if x is a relu's result and its mask has been applied.
  const known = kinds.every((kind) => kind === "pairs" || (kind === "overlapping" && masked === 1));
  return known ? (kinds as [WindowKind, WindowKind]) : undefined;
}

/** Where maxima are looked for: x's rows, every second one from `row` on, or the rows themselves. */
interface Line {
  readonly x: Value;
  readonly axis: 0 | 1;
  readonly row: 0 | 1;
}

/** A depthwise convolution with the same taps for every channel, along one axis. */
function along(
  c: BlockedContext,
  { x, axis, row }: Line,
  taps: readonly number[],
  strides: readonly [number, number],
  pads: readonly [before: number, after: number],
  sum?: Value,
): Value {
  const [, channels] = shapeOf(x) as readonly [number, number];
  const kernel = axis === 0 ? [taps.length, 1] : [1 + row, taps.length];
  const all = axis === 0 ? taps : [...Array.from({ length: row * taps.length }, () => 0), ...taps];
  const weight = c.memo(`taps/${channels}/${kernel.join()}/${all.join()}`, () => {
    const perBlock = all.flatMap((tap) => Array.from({ length: c.block }, () => tap));
    const data = Float32Array.from({ length: channels * all.length }, (_, at) => perBlock[at % perBlock.length]);
    return c.g.constant(float32([channels, 1, ...kernel], data));
  });
  const [before, after] = pads;
  return c.g.op("BlockedConv", sum ? [x, weight, undefined, sum] : [x, weight], {
    kernel_shape: kernel,
    strides,
    dilations: [1, 1],
    pads: axis === 0 ? [before, 0, after, 0] : [0, before, 0, after],
    group: channels,
  });
}

/** 1 where Σ taps·x is 0 or above, else 0: two places of each window compared. */
function compare(c: BlockedContext, line: Line, taps: readonly number[], before: number): Value {
  const difference = along(c, line, taps, line.axis === 0 ? [2, 1] : [2, 2], [before, 0]);
  return c.g.op("HardSigmoid", [difference], { alpha: 1e30, beta: 1 });
}

/** The windows' gradients given to their first maximum along one axis: those of the places 0, 2, 4 …, and of the others. */
function share(c: BlockedContext, line: Line, dy: Value, kind: WindowKind): readonly [even: Value, odd: Value] {
  const { g } = c;
  if (kind === "pairs") {
    const even = g.op("Mul", [compare(c, line, [1, -1], 0), dy]);
    return [even, g.op("Sub", [dy, even])];
  }
  // Of the places p, q and r of a window.
  const beforeQ = g.op("Mul", [compare(c, line, [1, -1], 1), dy]);
  const p = g.op("Mul", [compare(c, line, [1, 0, -1], 1), beforeQ]);
  const q = g.op("Mul", [compare(c, line, [1, -1], 0), g.op("Sub", [dy, beforeQ])]);
  const r = g.op("Sub", [g.op("Sub", [dy, p]), q]);
  // A window's r is the next one's p.
  return [q, along(c, { x: p, axis: line.axis, row: 0 }, [0, 1], [1, 1], [0, 1], r)];
}

/**
 * The gradient of max pooling with stride 2 and windows of 2×2, or of 3×3 over a relu's result. The largest of each row of a window
 * is found first and then the first of these, so that of equal values the first in row-major order takes all, as in PyTorch.
 * Half as long as looking for the places one by one, on one thread in part, as the portable lowering does.
 */
export const maxPoolGradient: BlockedRule<"MaxPoolGradient"> = (c, { node, inputs, outputs, attributes }) => {
  const [dyName, xName] = inputs as [string, string];
  const [shape, pooled] = [imageShape(c, xName), imageShape(c, dyName)];
  if (shape === undefined || pooled === undefined || !c.isBlocked(xName)) return false;
  const kinds = windowKinds(node.name, attributes, shape.slice(2), pooled.slice(2));
  if (kinds === undefined) return false;
  const [down, across] = kinds;
  const x = c.blocked(xName);
  const before = across === "overlapping" ? 1 : 0;
  const rowMaxima = c.g.op("BlockedMaxPool", [x], {
    kernel_shape: [1, across === "overlapping" ? 3 : 2],
    strides: [1, 2],
    dilations: [1, 1],
    pads: [0, before, 0, 0],
    storage_order: 0,
  });
  const rows = share(c, { x: rowMaxima, axis: 0, row: 0 }, c.blocked(dyName), down);
  const phases = rows.flatMap((row, at) => share(c, { x, axis: 1, row: at as 0 | 1 }, row, across));
  const joined = c.g.op("Concat", phases, { axis: 1 });
  c.define(outputs[0], { blocked: interleave(c, joined, { shape, strides: [2, 2], groups: 1 }) });
  return true;
};
