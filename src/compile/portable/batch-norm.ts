import { type GraphBuilder, shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Rewrite } from "../rewrite.ts";

/** Means over N and the spatial axes, `[N,C,…]` → `[C]`. Means of means are faster and more exact than one long sum. */
export function channelMean(g: GraphBuilder, x: Value): Value {
  const spatial = x.shape.slice(2).map((_, axis) => axis + 2);
  const planes = spatial.length === 0 ? x : g.op("GlobalAveragePool", [x]);
  return g.op("ReduceMean", [planes, g.ints([0, ...spatial])], { keepdims: 0 });
}

/** `[C]` → `[1,C,1,…]`, to broadcast over x. */
export function perChannel(g: GraphBuilder, vector: Value, x: Value): Value {
  return g.op("Reshape", [vector, g.ints(x.shape.map((_, axis) => (axis === 1 ? -1 : 1)))]);
}

/** 1/√(variance + ε) */
export function inverseDeviation(g: GraphBuilder, variance: Value, epsilon: number): Value {
  return g.op("Reciprocal", [g.op("Sqrt", [g.op("Add", [variance, g.fill(epsilon)])])]);
}

/** scale·x + offset by channel in one pass: batch norm of mean 0 and variance 1. */
function affine(g: GraphBuilder, x: Value, scale: Value, offset: Value): Value {
  const channels = shapeOf(scale);
  return g.op("BatchNormalization", [x, scale, offset, g.fill(0, channels), g.fill(1, channels)], { epsilon: 0 });
}

/**
 * mean = E[x], d = x − mean, variance = E[d²], y = γ/√(variance + ε)·d + β. The variance is that of the centred values,
 * for E[x²] − mean² cancels where the mean is far larger than the deviation.
 */
export const batchNormTraining: Rewrite<"BatchNormTraining"> = (g, { inputs: [x, gamma, beta], attributes: { epsilon } }) => {
  const mean = channelMean(g, x!);
  const centred = g.op("Sub", [x, perChannel(g, mean, x!)]);
  const variance = channelMean(g, g.op("Mul", [centred, centred]));
  const scale = g.op("Mul", [gamma, inverseDeviation(g, variance, epsilon)]);
  return [affine(g, centred, scale, beta!), mean, variance];
};

/**
 * With d = x − mean, i = 1/√(variance + ε), a = γ·i and M values a channel: dβ = M·E[dy], dγ = M·h where h = i·E[dy·d],
 * and dx = a·dy − a·h·i·d − a·E[dy].
 */
export const batchNormTrainingGradient: Rewrite<"BatchNormTrainingGradient"> = (
  g,
  { inputs: [dy, x, gamma, mean, variance], attributes: { epsilon } },
) => {
  const shape = shapeOf(x!);
  const count = g.fill(sizeOf(shape) / shape[1]!);
  const centred = g.op("Sub", [x, perChannel(g, mean!, x!)]);
  const inverse = inverseDeviation(g, variance!, epsilon);
  const scale = g.op("Mul", [gamma, inverse]);
  const meanGradient = channelMean(g, dy!);
  const h = g.op("Mul", [inverse, channelMean(g, g.op("Mul", [dy, centred]))]);
  const slope = g.op("Neg", [g.op("Mul", [scale, g.op("Mul", [h, inverse])])]);
  const offset = g.op("Neg", [g.op("Mul", [scale, meanGradient])]);
  const dx = g.op("Add", [g.op("Mul", [dy, perChannel(g, scale, x!)]), affine(g, centred, slope, offset)]);
  return [dx, g.op("Mul", [h, count]), g.op("Mul", [meanGradient, count])];
};
