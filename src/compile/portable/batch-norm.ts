import { type GraphBuilder, shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Rewrite } from "../rewrite.ts";
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

/** With d = x − shift: variance = E[d²] − E[d]², mean = shift + E[d], y = γ/√(variance + ε)·(d − E[d]) + β. */
export const batchNormTraining: Rewrite<"BatchNormTraining"> = (
  g,
  { inputs: [x, gamma, beta], attributes: { epsilon } },
) => {
  const { shift, values, mean } = shiftByFirstSample(g, x);
  const square = channelMean(g, g.op("Mul", [values, values]));
  const variance = g.op("Sub", [square, g.op("Mul", [mean, mean])]);
  const y = g.op("BatchNormalization", [values, gamma, beta, mean, variance], { epsilon });
  return [y, g.op("Add", [shift, mean]), variance];
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

/**
 * With d = x − shift, i = 1/√(variance + ε), a = γ·i and M values per channel: h = i·(E[dy·d] − E[d]·E[dy]),
 * dβ = M·E[dy], dγ = M·h, and dx = a·dy − a·h·i·(d − E[d]) − a·E[dy].
 */
const batchNormTrainingGradient =
  (addScaled: AddScaled): Rewrite<"BatchNormTrainingGradient"> =>
  (g, { inputs: [dy, x, gamma, , variance], attributes: { epsilon } }) => {
    const shape = shapeOf(x);
    const count = g.fill(sizeOf(shape) / shape[1]);
    const { values, mean } = shiftByFirstSample(g, x);
    const inverse = inverseDeviation(g, variance, epsilon);
    const scale = g.op("Mul", [gamma, inverse]);
    const meanGradient = channelMean(g, dy);
    const product = g.op("Sub", [channelMean(g, g.op("Mul", [dy, values])), g.op("Mul", [mean, meanGradient])]);
    const h = g.op("Mul", [inverse, product]);
    const slope = g.op("Neg", [g.op("Mul", [scale, g.op("Mul", [h, inverse])])]);
    const offset = g.op("Neg", [g.op("Mul", [scale, meanGradient])]);
    const dx = addScaled(g, dy, scale, affine(g, values, slope, offset, mean));
    return [dx, g.op("Mul", [h, count]), g.op("Mul", [meanGradient, count])];
  };

/**
 * The same by `BatchNormalization`, which multiplies by i itself: with p = E[dy·d] − E[d]·E[dy],
 * dx = γ·i·(dy − E[dy]) − γ·i²·p·i·(d − E[d]), dγ = M·i·p.
 */
const normalizingGradient: Rewrite<"BatchNormTrainingGradient"> = (
  g,
  { inputs: [dy, x, gamma, , variance], attributes: { epsilon } },
) => {
  const shape = shapeOf(x);
  const [, channels] = shape;
  const [zero, one] = [g.fill(0, [channels]), g.fill(1, [channels])];
  const count = sizeOf(shape) / channels;
  const { values, mean } = shiftByFirstSample(g, x);
  const meanGradient = channelMean(g, dy);
  const product = g.op("Sub", [channelMean(g, g.op("Mul", [dy, values])), g.op("Mul", [mean, meanGradient])]);
  /** i·factor·(of − around) */
  const normalize = (of: Value, factor: Value, around: Value): Value =>
    g.op("BatchNormalization", [of, factor, zero, around, variance], { epsilon });
  const row = g.op("Reshape", [product, g.ints([1, channels])]);
  const slope = g.op("Reshape", [normalize(normalize(row, gamma, zero), one, zero), g.ints([channels])]);
  const dx = g.op("Sub", [normalize(dy, gamma, meanGradient), normalize(values, slope, mean)]);
  const ofGamma = g.op("Reshape", [normalize(row, g.fill(count, [channels]), zero), g.ints([channels])]);
  return [dx, ofGamma, g.op("Mul", [meanGradient, g.fill(count)])];
};

/** Batch norm's gradient, written as chosen. */
export const batchNormGradients: Readonly<
  Record<PortableChoices["batchNormGradient"], Rewrite<"BatchNormTrainingGradient">>
> = {
  add: batchNormTrainingGradient(byAddition),
  "fused-conv": batchNormTrainingGradient(byFusedConv),
  normalize: normalizingGradient,
};
