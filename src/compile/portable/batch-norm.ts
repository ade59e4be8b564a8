import { type GraphBuilder, shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { joinMeans, joinMoments } from "../joined-moments.ts";
import type { Rewrite, RewriteNode } from "../rewrite.ts";
import type { PortableChoices } from "./choices.ts";

/**
 * Means over N and the spatial axes, `[N,C,…]` → `[C]`. Means of means are faster and more accurate than one long sum.
 */
function channelMean(g: GraphBuilder, x: Value): Value {
  const spatial = x.shape.slice(2).map((_, axis) => axis + 2);
  const planes = spatial.length === 0 ? x : g.op("GlobalAveragePool", [x]);
  return g.op("ReduceMean", [planes, g.ints([0, ...spatial])], { keepdims: 0 });
}

/** 1/√(variance + ε) */
export function inverseDeviation(g: GraphBuilder, variance: Value, epsilon: number): Value {
  return g.op("Reciprocal", [g.op("Sqrt", [g.op("Add", [variance, g.fill(epsilon)])])]);
}

interface Shifted {
  /** A rough mean per channel: that of the first sample. */
  readonly shift: Value;
  /** x − shift */
  readonly values: Value;
  /** E[x − shift] */
  readonly mean: Value;
}

/**
 * Subtracts a rough mean first: E[x²] − E[x]² would cancel if the mean is far larger than the deviation. One sample in
 * N is enough, since (shift − mean)² is at most N times the variance, whatever the data.
 */
function shiftByFirstSample(g: GraphBuilder, x: Value): Shifted {
  const first = g.op("Slice", [x, g.ints([0]), g.ints([1]), g.ints([0])]);
  const shift = channelMean(g, first);
  const values = affine(g, x, g.fill(1, shapeOf(shift)), g.fill(0, shapeOf(shift)), shift);
  return { shift, values, mean: channelMean(g, values) };
}

/** scale·(x − mean) + offset per channel, in one pass: faster than a product or sum with broadcasting. */
function affine(g: GraphBuilder, x: Value, scale: Value, offset: Value, mean: Value): Value {
  return g.op("BatchNormalization", [x, scale, offset, mean, g.fill(1, shapeOf(scale))], { epsilon: 0 });
}

/**
 * With d = x − shift: variance = E[d²] − E[d]², mean = shift + E[d], y = γ/√(variance + ε)·(d − E[d]) + β. On several
 * ranks these are joined, and E[d] becomes what the joined mean is from the rank's own shift.
 */
const shiftedTraining: Rewrite<"BatchNormTraining"> = (
  g,
  { inputs: [x, gamma, beta], attributes: { epsilon, ranks } },
) => {
  const { shift, values, mean: own } = shiftByFirstSample(g, x);
  const square = channelMean(g, g.op("Mul", [values, values]));
  const moments = {
    mean: g.op("Add", [shift, own]),
    variance: g.op("Sub", [square, g.op("Mul", [own, own])]),
  };
  const { mean, variance } = joinMoments(g, moments, ranks);
  const middle = ranks === undefined ? own : g.op("Sub", [mean, shift]);
  const y = g.op("BatchNormalization", [values, gamma, beta, middle, variance], { epsilon });
  return [y, mean, variance];
};

/** x·scale + other, scale per channel. */
type AddScaled = (g: GraphBuilder, x: Value, scale: Value, other: Value) => Value;

const byAddition: AddScaled = (g, x, scale, other) => {
  const zero = g.fill(0, shapeOf(scale));
  return g.op("Add", [affine(g, x, scale, zero, zero), other]);
};

/** A depthwise 1×1 convolution that adds `other` as it writes: one pass instead of two. */
const byFusedConv: AddScaled = (g, x, scale, other) => {
  const [, channels, ...spatial] = shapeOf(x);
  if (spatial.length !== 2) return byAddition(g, x, scale, other);
  const weight = g.op("Reshape", [scale, g.ints([channels, 1, 1, 1])]);
  return g.op("FusedConv", [x, weight, undefined, other], { group: channels, kernel_shape: [1, 1] });
};

/** What every way to write the gradient needs. */
interface GradientMeans {
  /** M values per channel on this rank. */
  readonly count: number;
  /** d = x − shift */
  readonly values: Value;
  /** E[d], over all ranks. */
  readonly mean: Value;
  /** This rank's δ = E[dy] and p = E[dy·d] − E[d]·E[dy]: dβ and dγ, which ranks add up as they do all gradients. */
  readonly own: { readonly gradient: Value; readonly product: Value };
  /** The same over all ranks: dx. */
  readonly joined: { readonly gradient: Value; readonly product: Value };
}

function gradientMeans(
  g: GraphBuilder,
  { inputs: [dy, x, , mean], attributes: { ranks } }: RewriteNode<"BatchNormTrainingGradient">,
): GradientMeans {
  const shape = shapeOf(x);
  const { shift, values, mean: own } = shiftByFirstSample(g, x);
  const middle = ranks === undefined ? own : g.op("Sub", [mean, shift]);
  const gradient = channelMean(g, dy);
  const product = g.op("Sub", [channelMean(g, g.op("Mul", [dy, values])), g.op("Mul", [middle, gradient])]);
  const [ofAll, productOfAll] = joinMeans(g, [gradient, product], ranks);
  return {
    count: sizeOf(shape) / shape[1],
    values,
    mean: middle,
    own: { gradient, product },
    joined: { gradient: ofAll, product: productOfAll },
  };
}

/**
 * With d, δ, p and M as in {@link GradientMeans}, i = 1/√(variance + ε), a = γ·i and h = i·p: dβ = M·δ, dγ = M·h, and
 * dx = a·dy − a·h·i·(d − E[d]) − a·δ.
 */
const batchNormTrainingGradient =
  (addScaled: AddScaled): Rewrite<"BatchNormTrainingGradient"> =>
  (g, node) => {
    const {
      inputs: [dy, , gamma, , variance],
      attributes: { epsilon },
    } = node;
    const { count, values, mean, own, joined } = gradientMeans(g, node);
    const inverse = inverseDeviation(g, variance, epsilon);
    const scale = g.op("Mul", [gamma, inverse]);
    const h = g.op("Mul", [inverse, joined.product]);
    const slope = g.op("Neg", [g.op("Mul", [scale, g.op("Mul", [h, inverse])])]);
    const offset = g.op("Neg", [g.op("Mul", [scale, joined.gradient])]);
    const dx = addScaled(g, dy, scale, affine(g, values, slope, offset, mean));
    const ofGamma = own.product === joined.product ? h : g.op("Mul", [inverse, own.product]);
    return [dx, g.op("Mul", [ofGamma, g.fill(count)]), g.op("Mul", [own.gradient, g.fill(count)])];
  };

/** The axes with the channels moved last, as a device stores planes, so that nothing is moved; and back. */
const channelsLast = (rank: number): readonly number[] => [
  0,
  ...Array.from({ length: rank - 2 }, (_, axis) => axis + 2),
  1,
];
const channelsSecond = (rank: number): readonly number[] => [
  0,
  rank - 1,
  ...Array.from({ length: rank - 2 }, (_, axis) => axis + 1),
];

/**
 * Means over N and the spatial axes as `[1,C]`: those of planes first, then a product with a row of ones, which is one operator where a
 * `ReduceMean` over the first axis is two.
 */
function channelRow(g: GraphBuilder, x: Value, added?: Value): Value {
  const [batch, channels] = shapeOf(x);
  const rank = x.shape.length;
  const turn = (planes: Value): Value => g.op("Transpose", [planes], { perm: channelsLast(rank) });
  const planes = rank === 2 ? x : g.op("Reshape", [turn(g.op("GlobalAveragePool", [x])), g.ints([batch, channels])]);
  return g.op("Gemm", [g.fill(1, [1, batch]), planes, added], { alpha: 1 / batch });
}

interface Centered {
  /** E[x] */
  readonly mean: Value;
  /** x − E[x] */
  readonly values: Value;
  /** E[(x − E[x])²] + ε */
  readonly spread: Value;
}

/** The gradient computes it again: equal nodes become one when the runtime loads the graph. */
function center(g: GraphBuilder, x: Value, epsilon: number): Centered {
  const [, channels] = shapeOf(x);
  const flat = (row: Value): Value => g.op("Reshape", [row, g.ints([channels])]);
  const lessMean = (of: Value, mean: Value): Value => affine(g, of, g.fill(1, [channels]), g.fill(0, [channels]), mean);
  const mean = flat(channelRow(g, x));
  const near = lessMean(x, mean);
  // Twice, since the mean of values far from 0 is off by some of their last digits.
  const values = lessMean(near, flat(channelRow(g, near)));
  const spread = flat(channelRow(g, g.op("Mul", [values, values]), g.fill(epsilon, [1, 1])));
  return { mean, values, spread };
}

/** With d = x − mean and v = E[d²] + ε, y = γ/√v·d + β. Several ranks join moments, not deviations. */
const centeredTraining: Rewrite<"BatchNormTraining"> = (g, node) => {
  const {
    inputs: [x, gamma, beta],
    attributes: { epsilon, ranks },
  } = node;
  if (ranks !== undefined) return shiftedTraining(g, node);
  const { mean, values, spread } = center(g, x, epsilon);
  const zero = g.fill(0, shapeOf(mean));
  const y = g.op("BatchNormalization", [values, gamma, beta, zero, spread], { epsilon: 0 });
  return [y, mean, g.op("Sub", [spread, g.fill(epsilon)])];
};

/** With d, v and M values per channel, q = E[dy·d]: dx = γ/√v·(dy − E[dy] − d·q/v), dγ = M/√v·q, dβ = M·E[dy]. */
const centeredGradient: Rewrite<"BatchNormTrainingGradient"> = (g, node) => {
  const {
    inputs: [dy, x, gamma],
    attributes: { epsilon, ranks },
  } = node;
  if (ranks !== undefined) return batchNormTrainingGradient(byAddition)(g, node);
  const shape = shapeOf(x);
  const [, channels] = shape;
  const rank = shape.length;
  const zero = g.fill(0, [channels]);
  const count = sizeOf(shape) / channels;
  const { values, spread } = center(g, x, epsilon);
  const meanGradient = g.op("Reshape", [channelRow(g, dy), g.ints([channels])]);
  const product = g.op("Reshape", [channelRow(g, g.op("Mul", [dy, values])), g.ints([channels])]);
  const slope = g.op("Reshape", [
    g.op("Div", [product, spread]),
    g.ints([...Array<number>(rank - 1).fill(1), channels]),
  ]);
  const ofPlanes = g.op("Transpose", [slope], { perm: channelsSecond(rank) });
  const across = g.op("Sub", [dy, g.op("Mul", [values, ofPlanes])]);
  const dx = g.op("BatchNormalization", [across, gamma, zero, meanGradient, spread], { epsilon: 0 });
  const ofGamma = g.op("Div", [product, g.op("Sqrt", [spread])]);
  return [dx, g.op("Mul", [ofGamma, g.fill(count)]), g.op("Mul", [meanGradient, g.fill(count)])];
};

/** Batch norm's gradient, written as chosen. */
export const batchNormGradients: Readonly<
  Record<PortableChoices["batchNormGradient"], Rewrite<"BatchNormTrainingGradient">>
> = {
  add: batchNormTrainingGradient(byAddition),
  "fused-conv": batchNormTrainingGradient(byFusedConv),
  centered: centeredGradient,
};

/** Batch norm in training, written as chosen. */
export const batchNormTraining: Readonly<Record<PortableChoices["batchNorm"], Rewrite<"BatchNormTraining">>> = {
  shifted: shiftedTraining,
  centered: centeredTraining,
};
