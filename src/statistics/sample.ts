import { OptionError } from "../tensor/errors.ts";

/** Observations of one quantity, all in the same unit; a result "in the sample's unit" is in that one. */
export type Sample = readonly number[];

/** From 0 to 1. */
export type Probability = number;

/** Which departures from the null hypothesis count: both, a below b, or a above b. */
export type Alternative = "two-sided" | "less" | "greater";

/**
 * Returns the sample if something can be computed from it.
 *
 * @throws {OptionError} if it has fewer than `least` observations, or one that is not a finite number
 */
export function requireSample(where: string, sample: Sample, least = 1): Sample {
  if (sample.length < least)
    throw new OptionError(where, `needs at least ${least} observations, got ${sample.length}; measure more`);
  const wrong = sample.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0)
    throw new OptionError(where, `observation ${wrong} is ${sample[wrong]}, must be finite; leave it out knowingly`);
  return sample;
}

/** @throws {OptionError} if the samples are no pairs: of different lengths, or unfit one by one */
export function requirePairs(where: string, a: Sample, b: Sample, least = 2): void {
  requireSample(where, a, least);
  requireSample(where, b, least);
  if (a.length !== b.length)
    throw new OptionError(where, `pairs need equally many observations, got ${a.length} and ${b.length}`);
}

/** @throws {OptionError} if it is no number from 0 to 1 */
export function requireProbability(where: string, value: number): Probability {
  if (!(value >= 0 && value <= 1)) throw new OptionError(where, `must be from 0 to 1, got ${value}`);
  return value;
}

/** @throws {OptionError} if it is no whole number of at least `least` */
export function requireCount(where: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least)
    throw new OptionError(where, `must be a whole number of at least ${least}, got ${value}`);
  return value;
}

/** a − b, pair by pair. */
export function differences(a: Sample, b: Sample): Sample {
  return a.map((value, index) => value - b[index]);
}
