import * as simple from "simple-statistics";
import { type Probability, requireProbability, requireSample, type Sample } from "./sample.ts";

/** Arithmetic mean, in the sample's unit. @throws {OptionError} if the sample is empty or not finite */
export function mean(sample: Sample): number {
  return simple.mean([...requireSample("mean", sample)]);
}

/** The middle observation, or the mean of the two middle ones, in the sample's unit. */
export function median(sample: Sample): number {
  return simple.median([...requireSample("median", sample)]);
}

/** The most frequent observations, ascending; several if they tie. */
export function modes(sample: Sample): readonly number[] {
  const counts = new Map<number, number>();
  for (const value of requireSample("mode", sample)) counts.set(value, (counts.get(value) ?? 0) + 1);
  const highest = [...counts.values()].reduce((most, count) => Math.max(most, count), 0);
  const frequent = Array.from(counts).filter(([, count]) => count === highest);
  return frequent.map(([value]) => value).toSorted((a, b) => a - b);
}

/** The most frequent observation; the smallest of those that tie, as SciPy's `mode`. */
export function mode(sample: Sample): number {
  return modes(sample)[0];
}

/**
 * The value below which a share p of the sample lies, in the sample's unit: x₍ₕ₎ interpolated at h = (n − 1)·p.
 *
 * @source Hyndman and Fan 1996, definition 7: the default of NumPy and R
 */
export function quantile(sample: Sample, p: Probability): number {
  requireProbability("quantile p", p);
  const sorted = [...requireSample("quantile", sample)].toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * p;
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

/** First, second and third quartile, in the sample's unit. */
export function quartiles(sample: Sample): readonly [q1: number, q2: number, q3: number] {
  return [quantile(sample, 0.25), quantile(sample, 0.5), quantile(sample, 0.75)];
}

/** Third minus first quartile, in the sample's unit. */
export function interquartileRange(sample: Sample): number {
  const [first, , third] = quartiles(sample);
  return third - first;
}

/** Unbiased (n − 1), in the sample's unit squared. @throws {OptionError} for fewer than two observations */
export function variance(sample: Sample): number {
  return simple.sampleVariance([...requireSample("variance", sample, 2)]);
}

/** Root of the unbiased variance, in the sample's unit. @throws {OptionError} for fewer than two observations */
export function standardDeviation(sample: Sample): number {
  return Math.sqrt(variance(sample));
}
