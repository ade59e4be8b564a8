import { shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { joinMeans, joinMoments } from "../joined-moments.ts";
import { inverseDeviation } from "../portable/batch-norm.ts";
import { type BlockedContext, type BlockedRule, imageShape, type PendingConvolution } from "./context.ts";
import { affine, writeConvolution } from "./convolution.ts";
import { padVector, slice } from "./layout.ts";
import { channelMean, channelMeanProduct } from "./reductions.ts";

/** The shift is the mean of at least this share of the values. */
const SAMPLED_SHARE = 1 / 256;

/**
 * An estimate of each channel's mean, from the first sample alone: the convolution is run on it separately, on every
 * t-th point. An estimate s from a share q of the values has (s − mean)² ≤ variance/q, whatever the values are, so
 * computing the variance as E[(x−s)²] − (E[x]−s)² loses precision by at most a factor 1 + 1/q, and hardly any in
 * practice.
 */
function estimateMean(c: BlockedContext, pending: PendingConvolution): Value {
  const [N] = shapeOf(pending.x);
  const { attributes } = pending;
  const coarsening = Math.max(1, Math.floor(Math.sqrt(1 / (SAMPLED_SHARE * N))));
  const strides = attributes.strides!.map((stride) => stride * coarsening);
  const first = slice(c.g, pending.x, 0, 0, 1);
  const sample = writeConvolution(c, { ...pending, x: first, attributes: { ...attributes, strides } });
  return channelMean(c.g, sample);
}

/**
 * x minus a shift near its mean, so that its mean square has no large part that would cancel. If x comes straight from
 * a convolution, the shift goes into its bias and costs no pass over memory; otherwise it is the mean itself.
 */
function centre(c: BlockedContext, name: string): { readonly centred: Value; readonly shift: Value } {
  const { pending } = c.formsOf(name);
  if (pending?.kind === "convolution" && pending.sum === undefined) {
    const shift = estimateMean(c, pending);
    const bias = pending.bias ? c.g.op("Sub", [pending.bias, shift]) : c.g.op("Neg", [shift]);
    const centred = writeConvolution(c, { ...pending, bias });
    c.define(name, { pending: affine(c, centred, c.g.fill(1, shapeOf(shift)), shift) });
    return { centred, shift };
  }
  const x = c.blocked(name);
  const shift = channelMean(c.g, x);
  const centred = writeConvolution(c, affine(c, x, c.g.fill(1, shapeOf(shift)), c.g.op("Neg", [shift])));
  return { centred, shift };
}

/**
 * With d = x − shift and m = E[d]: variance = E[d²] − m², a = γ/√(variance + ε), y = a·d + (β − a·m). The last is a
 * depthwise convolution, into which a residual addition and a relu may still be fused. On several ranks m is what the
 * joined mean is from the rank's own shift.
 */
export const batchNormTraining: BlockedRule<"BatchNormTraining"> = (
  c,
  { inputs, outputs, attributes: { epsilon, ranks } },
) => {
  const [x, gamma, beta] = inputs as [string, string, string];
  const [y, meanName, varianceName] = outputs as [string, string, string];
  const shape = imageShape(c, x);
  // Without an epsilon the padded channels, which are all zero, would divide by zero.
  const dividesByZero = shape !== undefined && epsilon <= 0 && shape[1] % c.block !== 0;
  if (shape === undefined || dividesByZero || !c.isBlocked(x)) return false;
  const { g } = c;
  const { centred, shift } = centre(c, x);
  const own = channelMean(g, centred);
  const square = channelMeanProduct(g, centred, centred, c.block);
  // Rounding may leave a zero variance just below zero.
  const moments = {
    mean: g.op("Add", [shift, own]),
    variance: g.op("Relu", [g.op("Sub", [square, g.op("Mul", [own, own])])]),
  };
  const { mean: joined, variance } = joinMoments(g, moments, ranks);
  const mean = ranks === undefined ? own : g.op("Sub", [joined, shift]);
  const inverse = inverseDeviation(g, variance, epsilon);
  const scale = g.op("Mul", [padVector(g, c.plain(gamma), c.block), inverse]);
  const offset = g.op("Sub", [padVector(g, c.plain(beta), c.block), g.op("Mul", [mean, scale])]);
  c.norms.set(meanName, { centred, mean, inverse, scale });
  c.define(y, { pending: affine(c, centred, scale, offset) });
  c.define(meanName, { plain: () => slice(g, joined, 0, 0, shape[1]) });
  c.define(varianceName, { plain: () => slice(g, variance, 0, 0, shape[1]) });
  return true;
};

/**
 * With M values per channel, δ = E[dy], p = E[dy·d] − m·δ, h = inverse·p and q = h·inverse: dγ = M·h, dβ = M·δ and
 * dx = a·(dy − q·d + (q·m − δ)). If nothing else needs dy, the bracket is added in place, in one pass. The factor a is
 * left to the convolution's gradients. On several ranks dx takes the means over all, dγ and dβ the rank's own: ranks add
 * these up as they do all gradients.
 */
export const batchNormTrainingGradient: BlockedRule<"BatchNormTrainingGradient"> = (
  c,
  { inputs, outputs, attributes: { ranks } },
) => {
  const [dyName, x, , meanName] = inputs as [string, string, string, string];
  const [dx, dgamma, dbeta] = outputs as [string, string, string];
  const statistics = c.norms.get(meanName);
  if (statistics === undefined) return false;
  const { g } = c;
  const { centred, mean, inverse, scale } = statistics;
  const shape = imageShape(c, x)!;
  const count = g.fill(sizeOf(shape) / shape[1]);
  const dy = c.blocked(dyName);
  const ownGradient = channelMean(g, dy);
  const ownProduct = g.op("Sub", [channelMeanProduct(g, dy, centred, c.block), g.op("Mul", [mean, ownGradient])]);
  const [meanGradient, product] = joinMeans(g, [ownGradient, ownProduct], ranks);
  const h = g.op("Mul", [inverse, product]);
  const slope = g.op("Mul", [h, inverse]);
  const offset = g.op("Sub", [g.op("Mul", [slope, mean]), meanGradient]);
  const value = writeConvolution(c, { ...affine(c, centred, g.op("Neg", [slope]), offset), sum: dyName });
  c.define(dx, { pending: affine(c, value, scale), scaled: { value, scale } });
  const total =
    (perValue: Value): (() => Value) =>
    () =>
      slice(g, g.op("Mul", [perValue, count]), 0, 0, shape[1]);
  const ofGamma = ranks === undefined ? h : g.op("Mul", [inverse, ownProduct]);
  c.define(dgamma, { plain: total(ofGamma) });
  c.define(dbeta, { plain: total(ownGradient) });
  return true;
};

/** Batch norm with given statistics: a depthwise convolution. */
export const batchNormalization: BlockedRule<"BatchNormalization"> = (c, { inputs, outputs, attributes }) => {
  const [x, gamma, beta, mean, variance] = inputs as [string, string, string, string, string];
  if (outputs.length > 1 || attributes.training_mode || imageShape(c, x) === undefined || !c.isBlocked(x)) return false;
  const { g } = c;
  const scale = g.op("Mul", [c.plain(gamma), inverseDeviation(g, c.plain(variance), attributes.epsilon ?? 1e-5)]);
  const offset = g.op("Sub", [c.plain(beta), g.op("Mul", [c.plain(mean), scale])]);
  const pending = affine(c, c.blocked(x), padVector(g, scale, c.block), padVector(g, offset, c.block));
  c.define(outputs[0], { pending });
  return true;
};
