import { permutation, randomStream } from "../tensor/random.ts";
import {
  type Alternative,
  type Probability,
  requireCount,
  requirePairs,
  requireSample,
  type Sample,
} from "./sample.ts";
import { mean } from "./summary.ts";

/** The result of a permutation test. */
export interface PermutationTest {
  /** The statistic of the samples as observed. */
  readonly statistic: number;
  readonly p: Probability;
  /** All rearrangements, or some that were drawn. */
  readonly method: "exact" | "drawn";
  readonly rearrangements: number;
}

/** Options of a permutation test. */
export interface PermutationOptions {
  /** The statistic of samples a and b; the difference of their means if left out. */
  readonly statistic?: (a: Sample, b: Sample) => number;
  /** "two-sided" (twice the smaller tail) if left out. */
  readonly alternative?: Alternative;
  /** What is exchangeable under the null hypothesis: all observations, or a and b within each pair. */
  readonly paired?: boolean;
  /** The number of rearrangements drawn if there are more than that; 9999 if left out. */
  readonly resamples?: number;
  /** 0 if left out. Equal seeds give equal results. */
  readonly seed?: number;
}

/**
 * How often rearranging the observations by chance alone gives a statistic at least as extreme. Exact if there are few
 * enough rearrangements to try them all; if they are drawn, the observed samples count as one of them, so that p is
 * never 0.
 *
 * @throws {OptionError} for an empty sample, values that are not finite, or pairs of unequal lengths
 * @source Fisher 1935; Phipson and Smyth 2010 for the drawn p value
 */
export function permutationTest(a: Sample, b: Sample, options: PermutationOptions = {}): PermutationTest {
  const { paired = false, alternative = "two-sided", resamples = 9999, seed = 0 } = options;
  const { statistic = (x: Sample, y: Sample) => mean(x) - mean(y) } = options;
  requireCount("resamples", resamples, 1);
  if (paired) requirePairs("permutation test", a, b, 1);
  requireSample("permutation test", a);
  requireSample("permutation test", b);
  const total = paired ? 2 ** a.length : chooseCount(a.length + b.length, a.length);
  const isExact = total <= resamples;
  const all = paired ? swappedPairs(a, b) : splits(a, b);
  const rearrangements = isExact ? all : draw(a, b, { paired, resamples, seed });
  const observed = statistic(a, b);
  // Equal statistics may differ in their last bits, depending on the order of addition.
  const slack = Math.max(1e-14, Math.abs(observed) * 1e-14);
  let [less, greater, count] = [0, 0, 0];
  for (const [x, y] of rearrangements) {
    const value = statistic(x, y);
    if (value <= observed + slack) less++;
    if (value >= observed - slack) greater++;
    count++;
  }
  const extra = isExact ? 0 : 1;
  const share = (extreme: number): number => (extreme + extra) / (count + extra);
  const tails = { less: share(less), greater: share(greater) };
  const p = alternative === "two-sided" ? Math.min(1, 2 * Math.min(tails.less, tails.greater)) : tails[alternative];
  return { statistic: observed, p, method: isExact ? "exact" : "drawn", rearrangements: count };
}

type Rearranged = readonly [a: Sample, b: Sample];

function chooseCount(n: number, k: number): number {
  let count = 1;
  for (let index = 1; index <= k; index++) count = (count * (n - k + index)) / index;
  return Math.round(count);
}

/** Every way to swap a and b within pairs. */
function* swappedPairs(a: Sample, b: Sample): Generator<Rearranged> {
  for (let mask = 0; mask < 2 ** a.length; mask++) yield swap(a, b, (index) => (mask >>> index) % 2 === 1);
}

function swap(a: Sample, b: Sample, isSwapped: (index: number) => boolean): Rearranged {
  const swapped = a.map((_, index) => isSwapped(index));
  return [
    a.map((value, index) => (swapped[index] ? b[index] : value)),
    b.map((value, index) => (swapped[index] ? a[index] : value)),
  ];
}

/** Every way to split all observations into as many as a and b have. */
function* splits(a: Sample, b: Sample): Generator<Rearranged> {
  const pool = [...a, ...b];
  const chosen = a.map((_, index) => index);
  for (;;) {
    const inside = new Set(chosen);
    yield [chosen.map((index) => pool[index]), pool.filter((_, index) => !inside.has(index))];
    let place = chosen.length - 1;
    while (place >= 0 && chosen[place] === pool.length - chosen.length + place) place--;
    if (place < 0) return;
    chosen[place]++;
    for (let next = place + 1; next < chosen.length; next++) chosen[next] = chosen[next - 1] + 1;
  }
}

function* draw(
  a: Sample,
  b: Sample,
  { paired, resamples, seed }: Required<Pick<PermutationOptions, "paired" | "resamples" | "seed">>,
): Generator<Rearranged> {
  const pool = [...a, ...b];
  for (let index = 0; index < resamples; index++) {
    const stream = randomStream(seed, "permutation test", index);
    if (paired) {
      yield swap(a, b, () => stream.uniform() < 0.5);
      continue;
    }
    const shuffled = Array.from(permutation(stream, pool.length), (place) => pool[place]);
    yield [shuffled.slice(0, a.length), shuffled.slice(a.length)];
  }
}
