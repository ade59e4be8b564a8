import { median } from "../statistics/summary.ts";

/** A step that took more than so many times the median counts as that: the first one compiles, others wait for a validation. */
const LONGEST = 2;

/**
 * Images per second of a training.
 *
 * @param durations of all its steps, in milliseconds, also of those on smaller images with progressive resizing
 * @param batch images per step
 * @returns NaN if there was no step
 */
export function rateOf(durations: readonly number[], batch: number): number {
  if (durations.length === 0) return Number.NaN;
  const longest = LONGEST * median(durations);
  const total = durations.reduce((sum, duration) => sum + Math.min(duration, longest), 0);
  return (1000 * batch * durations.length) / total;
}
