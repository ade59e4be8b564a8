import type { Sample } from "./sample.ts";

/** Ranks from 1, ties sharing the mean of their ranks, and the size of each group of ties. */
export interface Ranking {
  readonly ranks: readonly number[];
  readonly ties: readonly number[];
}

/** Ranks a sample from the smallest value on. */
export function rankValues(values: Sample): Ranking {
  const order = values.map((_, index) => index).toSorted((i, j) => values[i] - values[j]);
  const ranks = values.map(() => 0);
  const ties: number[] = [];
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let place = start; place < end; place++) ranks[order[place]] = (start + 1 + end) / 2;
    ties.push(end - start);
    start = end;
  }
  return { ranks, ties };
}

/** Σ(t³ − t) over groups of ties: how much ties reduce the variance of a rank sum. */
export function tieTerm(ties: readonly number[]): number {
  return ties.reduce((sum, count) => sum + (count ** 3 - count), 0);
}
