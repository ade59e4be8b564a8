import { studentT } from "./distributions.ts";
import {
  type Alternative,
  differences,
  type Probability,
  requirePairs,
  requireProbability,
  requireSample,
  type Sample,
} from "./sample.ts";
import { mean, variance } from "./summary.ts";

/** The result of a t test on the difference of two means. */
export interface TTest {
  /** The difference divided by its standard error; no unit. */
  readonly t: number;
  readonly degreesOfFreedom: number;
  readonly p: Probability;
  /** mean(a) − mean(b), in the samples' unit. */
  readonly difference: number;
  /** Confidence interval of the difference, in the samples' unit; one side is infinite for a one-sided alternative. */
  readonly interval: readonly [low: number, high: number];
}

/** Options of a t test. */
export interface TTestOptions {
  /** "two-sided" if left out. */
  readonly alternative?: Alternative;
  /** Confidence level of the interval, 0.95 if left out. */
  readonly confidence?: Probability;
}

/**
 * Whether two independent samples have different means; their variances need not be equal.
 *
 * Samples without any spread give t = ±∞, or NaN (and p = NaN) if the means are equal too.
 *
 * @throws {OptionError} for fewer than two observations per sample, or one that is not finite
 * @source Welch 1947; degrees of freedom by Satterthwaite 1946
 */
export function welchTest(a: Sample, b: Sample, options: TTestOptions = {}): TTest {
  requireSample("Welch's test", a, 2);
  requireSample("Welch's test", b, 2);
  const [shareA, shareB] = [variance(a) / a.length, variance(b) / b.length];
  const squared = shareA + shareB;
  const spread = shareA ** 2 / (a.length - 1) + shareB ** 2 / (b.length - 1);
  const degreesOfFreedom = squared === 0 ? a.length + b.length - 2 : squared ** 2 / spread;
  return concludeT({ difference: mean(a) - mean(b), error: Math.sqrt(squared), degreesOfFreedom }, options);
}

/**
 * Whether the mean of a − b, pair by pair, differs from 0: for the same seeds or images under two treatments.
 *
 * @throws {OptionError} for samples of different lengths, fewer than two pairs, or a value that is not finite
 * @source Student 1908
 */
export function pairedTest(a: Sample, b: Sample, options: TTestOptions = {}): TTest {
  requirePairs("paired t test", a, b);
  const each = differences(a, b);
  const error = Math.sqrt(variance(each) / each.length);
  return concludeT({ difference: mean(each), error, degreesOfFreedom: each.length - 1 }, options);
}

interface Difference {
  readonly difference: number;
  /** Standard error. */
  readonly error: number;
  readonly degreesOfFreedom: number;
}

function concludeT(
  { difference, error, degreesOfFreedom }: Difference,
  { alternative = "two-sided", confidence = 0.95 }: TTestOptions,
): TTest {
  requireProbability("confidence", confidence);
  const { cumulative, survival, quantile } = studentT(degreesOfFreedom);
  const t = difference / error;
  const reach = (share: number): number => (error === 0 ? 0 : quantile(share) * error);
  const both = reach((1 + confidence) / 2);
  const one = reach(confidence);
  const found: { readonly [A in Alternative]: Pick<TTest, "p" | "interval"> } = {
    "two-sided": { p: 2 * survival(Math.abs(t)), interval: [difference - both, difference + both] },
    less: { p: cumulative(t), interval: [-Infinity, difference + one] },
    greater: { p: survival(t), interval: [difference - one, Infinity] },
  };
  return { t, degreesOfFreedom, difference, ...found[alternative] };
}
