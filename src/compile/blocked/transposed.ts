import { resolveWindow } from "../../onnx/operators/window.ts";
import { type BlockedContext, type BlockedRule, imageShape, type LogicalNode } from "./context.ts";
import { type ConvolutionPlan, planConvolution } from "./convolution-plan.ts";
import { padVector, reshape, toPlain } from "./layout.ts";
import { interleave } from "./strided-gradient.ts";
import { packInGraph, weightLayout } from "./weight-layout.ts";

type Pair = readonly [number, number];

/** Rows and columns of the window if windows do not overlap, so that each point of x makes its own points of y. */
function separateWindows(
  c: BlockedContext,
  { node, inputs, attributes }: LogicalNode<"ConvTranspose">,
): Pair | undefined {
  const [x, w] = inputs.map((name) => imageShape(c, name));
  if (x === undefined || w === undefined || (attributes.group ?? 1) !== 1) return undefined;
  const { output_padding = [], output_shape, ...given } = attributes;
  const { kernel, strides, begins, ends } = resolveWindow(node.name, given, w.slice(2));
  const isSeparate =
    output_shape === undefined &&
    kernel.every((extent, axis) => extent === strides[axis]) &&
    [...begins, ...ends, ...output_padding].every((by) => by === 0);
  return isSeparate ? (kernel as Pair) : undefined;
}

/** The 1×1 convolution that computes all points of a window at once. */
function pointPlan(c: BlockedContext, x: string, outChannels: number): ConvolutionPlan | undefined {
  const [batch, inChannels, ...plane] = imageShape(c, x)!;
  const extents = plane as unknown as Pair;
  const geometry = { batch, inChannels, outChannels, groups: 1, input: extents, output: extents };
  const ones = [1, 1] as const;
  const zeros = [0, 0] as const;
  return planConvolution(
    { ...geometry, kernel: ones, strides: ones, dilations: ones, begins: zeros, ends: zeros },
    c.block,
    false,
  );
}

/**
 * A transposed convolution whose stride equals its kernel size k: a 1×1 convolution to k·k times the channels, whose
 * channels are then rearranged into the k × k points that each point becomes (a sub-pixel convolution).
 *
 * @source Shi et al. 2016, "Is the deconvolution layer the same as a convolutional layer?", arXiv:1609.07009
 */
export const convTranspose: BlockedRule<"ConvTranspose"> = (c, logical) => {
  const { inputs, outputs } = logical;
  const [x, w, bias] = inputs;
  const [y] = outputs;
  const window = c.isBlocked(x) ? separateWindows(c, logical) : undefined;
  if (window === undefined) return false;
  const { g, block } = c;
  const shape = imageShape(c, y)!;
  const [N, C] = shape as readonly [number, number];
  const [, inChannels, height, width] = imageShape(c, x)! as readonly [number, number, number, number];
  const taps = window[0] * window[1];
  const plan = pointPlan(c, x, C * taps);
  if (plan === undefined) return false;
  // Whole blocks are moved point by point; anything that fills no block is converted to row-major first.
  const isWhole = C % block === 0;
  const perm = isWhole ? [2, 3, 1, 0] : [1, 2, 3, 0];
  const filters = reshape(g, g.op("Transpose", [c.plain(w)], { perm }), [C * taps, inChannels, 1, 1]);
  const weight = packInGraph(g, filters, weightLayout(plan));
  const points = g.op("BlockedConv", [c.blocked(x), weight, ...(bias ? [spreadBias(c, bias, taps, isWhole)] : [])], {
    kernel_shape: [1, 1],
    pads: [0, 0, 0, 0],
    strides: [1, 1],
    dilations: [1, 1],
    group: 1,
  });
  if (isWhole) {
    c.define(y, { blocked: interleave(c, points, { shape, strides: window, groups: 1 }) });
    return true;
  }
  const rows = reshape(g, toPlain(g, points, C * taps), [N, C, ...window, height, width]);
  c.define(y, { plain: reshape(g, g.op("Transpose", [rows], { perm: [0, 1, 4, 2, 5, 3] }), shape) });
  return true;
};

/** Each channel's bias, repeated for the points that it makes, [Cp]. */
function spreadBias(c: BlockedContext, bias: string, taps: number, isWhole: boolean): ReturnType<typeof padVector> {
  const { g, block } = c;
  const [C] = c.typeOf(bias).shape as readonly [number];
  const own = reshape(g, c.plain(bias), isWhole ? [1, C] : [C, 1]);
  const spread = g.op("Expand", [own, g.ints(isWhole ? [taps, C] : [C, taps])]);
  return padVector(g, reshape(g, spread, [C * taps]), block);
}
