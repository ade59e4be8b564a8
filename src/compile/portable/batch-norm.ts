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
export const batchNormTraining: Rewrite<"BatchNormTraining"> = (
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

/**
 * The same by `BatchNormalization`, which multiplies by i itself: dx = γ·i·(dy − δ) − γ·i²·p·i·(d − E[d]), dγ = M·i·p.
 */
const normalizingGradient: Rewrite<"BatchNormTrainingGradient"> = (g, node) => {
  const {
    inputs: [dy, x, gamma, , variance],
    attributes: { epsilon },
  } = node;
  const [, channels] = shapeOf(x);
  const [zero, one] = [g.fill(0, [channels]), g.fill(1, [channels])];
  const { count, values, mean, own, joined } = gradientMeans(g, node);
  /** i·factor·(of − around) */
  const normalize = (of: Value, factor: Value, around: Value): Value =>
    g.op("BatchNormalization", [of, factor, zero, around, variance], { epsilon });
  const asRow = (vector: Value): Value => g.op("Reshape", [vector, g.ints([1, channels])]);
  const row = asRow(joined.product);
  const slope = g.op("Reshape", [normalize(normalize(row, gamma, zero), one, zero), g.ints([channels])]);
  const dx = g.op("Sub", [normalize(dy, gamma, joined.gradient), normalize(values, slope, mean)]);
  const ownRow = own.product === joined.product ? row : asRow(own.product);
  const ofGamma = g.op("Reshape", [normalize(ownRow, g.fill(count, [channels]), zero), g.ints([channels])]);
  return [dx, ofGamma, g.op("Mul", [own.gradient, g.fill(count)])];
};

/** Batch norm's gradient, written as chosen. */
export const batchNormGradients: Readonly<
  Record<PortableChoices["batchNormGradient"], Rewrite<"BatchNormTrainingGradient">>
> = {
  add: batchNormTrainingGradient(byAddition),
  "fused-conv": batchNormTrainingGradient(byFusedConv),
  normalize: normalizingGradient,
};
