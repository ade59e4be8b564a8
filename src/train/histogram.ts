/** A distribution of values. */
export interface Histogram {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  /** Upper ends of the buckets, ascending; each bucket begins at the end of the previous one. */
  readonly limits: readonly number[];
  readonly counts: readonly number[];
}

/** Distributions of weights and gradients, by parameter name. */
export interface Distributions {
  readonly weights: Readonly<Record<string, Histogram>>;
  /** Gradients of the loss on one batch. */
  readonly gradients: Readonly<Record<string, Histogram>>;
}

const BUCKETS = 30;

/**
 * Counts values in 30 equally wide buckets from the smallest to the largest. Values that are not finite are left out.
 */
export function createHistogram(values: ArrayLike<number>): Histogram {
  let [count, sum, sumOfSquares] = [0, 0, 0];
  let [min, max] = [Infinity, -Infinity];
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (!Number.isFinite(value)) continue;
    count++;
    sum += value;
    sumOfSquares += value * value;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  if (count === 0) return { count, min: 0, max: 0, sum, sumOfSquares, limits: [0], counts: [0] };
  if (min === max) return { count, min, max, sum, sumOfSquares, limits: [max], counts: [count] };
  const width = (max - min) / BUCKETS;
  const counts = Array.from({ length: BUCKETS }, () => 0);
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (Number.isFinite(value)) counts[Math.min(BUCKETS - 1, Math.floor((value - min) / width))]++;
  }
  const limits = counts.map((_, index) => (index === BUCKETS - 1 ? max : min + (index + 1) * width));
  return { count, min, max, sum, sumOfSquares, limits, counts };
}
