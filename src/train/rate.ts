/**
 * Images per second of a training.
 *
 * @param durations of its steps, in milliseconds; their median counts, since the first steps and those next to a validation take longer
 * @param batch images per step
 * @returns NaN if there was no step
 */
export function rateOf(durations: readonly number[], batch: number): number {
  const middle = durations.toSorted((a, b) => a - b)[Math.floor(durations.length / 2)];
  return middle === undefined ? Number.NaN : (1000 * batch) / middle;
}
