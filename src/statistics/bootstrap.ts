import { randomStream } from "../tensor/random.ts";
import { normal } from "./distributions.ts";
import { type Probability, requireCount, requireProbability, requireSample, type Sample } from "./sample.ts";
import { mean, quantile, standardDeviation } from "./summary.ts";

/** A statistic with its uncertainty, all in the statistic's unit. */
export interface BootstrapInterval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  /** Standard deviation of the statistic over the resamples. */
  readonly standardError: number;
}

/** Options of a bootstrap. */
export interface BootstrapOptions {
  /** The mean if left out. */
  readonly statistic?: (sample: Sample) => number;
  /** 0.95 if left out. */
  readonly confidence?: Probability;
  /** 9999 if left out. */
  readonly resamples?: number;
  /** Bias-corrected and accelerated, or plain percentiles of the resamples; "bca" if left out. */
  readonly method?: "bca" | "percentile";
  /** 0 if left out. Equal seeds give equal intervals. */
  readonly seed?: number;
}

/**
 * A confidence interval for any statistic of a sample, by resampling with replacement.
 *
 * @throws {OptionError} for fewer than two observations, or one that is not finite
 * @source Efron 1987 (BCa); Efron and Tibshirani 1993, chapters 13 and 14
 */
export function bootstrapInterval(sample: Sample, options: BootstrapOptions = {}): BootstrapInterval {
  const { statistic = mean, confidence = 0.95, resamples = 9999, method = "bca", seed = 0 } = options;
  requireSample("bootstrap", sample, 2);
  requireProbability("confidence", confidence);
  requireCount("resamples", resamples, 2);
  const estimate = statistic(sample);
  const values = Array.from({ length: resamples }, (_, index) => statistic(resample(sample, seed, index)));
  const tail = (1 - confidence) / 2;
  const adjust = method === "bca" ? accelerate(sample, statistic, estimate, values) : (p: Probability) => p;
  return {
    estimate,
    low: quantile(values, adjust(tail)),
    high: quantile(values, adjust(1 - tail)),
    standardError: standardDeviation(values),
  };
}

function resample(sample: Sample, seed: number, index: number): Sample {
  const stream = randomStream(seed, "bootstrap", index);
  return sample.map(() => sample[stream.integer(sample.length)]);
}

/** Φ(z₀ + (z₀ + z) / (1 − a·(z₀ + z))): the percentile that replaces the requested one. */
function accelerate(
  sample: Sample,
  statistic: (sample: Sample) => number,
  estimate: number,
  values: Sample,
): (p: Probability) => Probability {
  const { cumulative, quantile: normalQuantile } = normal();
  const below = values.filter((value) => value < estimate).length;
  const equal = values.filter((value) => value === estimate).length;
  // Stays half a resample away from none and all, where z₀ would be infinite.
  const share = Math.min(Math.max((below + equal / 2) / values.length, 0.5 / values.length), 1 - 0.5 / values.length);
  const bias = normalQuantile(share);
  const acceleration = jackknifeAcceleration(sample, statistic);
  return (p) => {
    const z = bias + normalQuantile(p);
    return cumulative(bias + z / (1 - acceleration * z));
  };
}

/** Σd³ / (6·(Σd²)^1.5) with d the mean of the leave-one-out statistics minus each of them. */
function jackknifeAcceleration(sample: Sample, statistic: (sample: Sample) => number): number {
  const without = sample.map((_, left) => statistic(sample.filter((_value, index) => index !== left)));
  const center = mean(without);
  const sumOf = (power: number): number => without.reduce((sum, value) => sum + (center - value) ** power, 0);
  const squares = sumOf(2);
  return squares === 0 ? 0 : sumOf(3) / (6 * squares ** 1.5);
}
