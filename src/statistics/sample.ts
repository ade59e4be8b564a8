import { OptionError } from "../tensor/errors.ts";

/** Observations of one quantity, all in the same unit, which results call "the sample's unit". */
export type Sample = readonly number[];

/** From 0 to 1. */
export type Probability = number;

/** Which departures from the null hypothesis count: both, a below b, or a above b. */
export type Alternative = "two-sided" | "less" | "greater";

/**
 * Returns the sample if it can be computed with.
 *
 * @throws {OptionError} if it has fewer than `least` observations, or one is not a finite number
 */
export function requireSample(where: string, sample: Sample, least = 1): Sample {
  if (sample.length < least)
    throw new OptionError(where, `needs at least ${least} observations, got ${sample.length}; measure more`);
  const wrong = sample.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0)
    throw new OptionError(where, `observation ${wrong} is ${sample[wrong]}, must be finite; exclude it deliberately`);
  return sample;
}

/** @throws {OptionError} if the samples do not form pairs: their lengths differ, or one of them is unfit */
export function requirePairs(where: string, a: Sample, b: Sample, least = 2): void {
  requireSample(where, a, least);
  requireSample(where, b, least);
  if (a.length !== b.length)
    throw new OptionError(where, `pairs need equally many observations, got ${a.length} and ${b.length}`);
}

/** @throws {OptionError} if it is not a number from 0 to 1 */
export function requireProbability(where: string, value: number): Probability {
  if (!(value >= 0 && value <= 1)) throw new OptionError(where, `must be from 0 to 1, got ${value}`);
  return value;
}

/** @throws {OptionError} if it is not a whole number of at least `least` */
export function requireCount(where: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least)
    throw new OptionError(where, `must be a whole number of at least ${least}, got ${value}`);
  return value;
}

/** a − b, pair by pair. */
export function differences(a: Sample, b: Sample): Sample {
  return a.map((value, index) => value - b[index]);
}
