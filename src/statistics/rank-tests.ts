import { OptionError } from "../tensor/errors.ts";
import { normal } from "./distributions.ts";
import { rankValues, tieTerm } from "./ranks.ts";
import { type Alternative, differences, type Probability, requirePairs, requireSample, type Sample } from "./sample.ts";

/** The result of a rank test. */
export interface RankTest {
  /**
   * Sum of the ranks of positive differences (signed-rank), or the U of a: in how many pairs a is larger (rank-sum).
   */
  readonly statistic: number;
  readonly p: Probability;
  readonly method: "exact" | "normal";
  /** Observations that counted. */
  readonly count: number;
}

/** Options of a rank test. */
export interface RankTestOptions {
  /** "two-sided" if left out. */
  readonly alternative?: Alternative;
  /** The exact null distribution, ties included, or its normal approximation. Exact up to 50 if left out. */
  readonly method?: "exact" | "normal";
  /**
   * Continuity correction: moves the statistic half a step towards its mean in the normal approximation, as R does;
   * true if left out.
   */
  readonly continuity?: boolean;
}

const LARGEST_EXACT = 50;
/** Counting all sums takes at least n³ steps. */
const LARGEST_POSSIBLE = 500;

/**
 * Wilcoxon's signed-rank test: whether the differences a − b, pair by pair, lie about 0. Equal pairs are left out, as
 * by Wilcoxon.
 *
 * @throws {OptionError} for samples of different lengths, values that are not finite, or if all pairs are equal
 * @source Wilcoxon 1945; the null distribution by counting, over midranks if there are ties
 */
export function signedRankTest(a: Sample, b: Sample, options: RankTestOptions = {}): RankTest {
  requirePairs("signed-rank test", a, b, 1);
  const each = differences(a, b).filter((value) => value !== 0);
  if (each.length === 0) throw new OptionError("signed-rank test", "all pairs are equal; there is nothing to test");
  const { ranks, ties } = rankValues(each.map(Math.abs));
  const statistic = ranks.reduce((sum, rank, index) => (each[index] > 0 ? sum + rank : sum), 0);
  const count = each.length;
  return concludeRanks({ statistic, count, where: "signed-rank test" }, options, {
    exact: () => countSums(ranks),
    mean: (count * (count + 1)) / 4,
    variance: (count * (count + 1) * (2 * count + 1)) / 24 - tieTerm(ties) / 48,
  });
}

/**
 * Wilcoxon's rank-sum test (Mann and Whitney's U): whether independent observations of a tend to be larger or smaller
 * than those of b.
 *
 * @throws {OptionError} for an empty sample or a value that is not finite
 * @source Wilcoxon 1945; Mann and Whitney 1947
 */
export function rankSumTest(a: Sample, b: Sample, options: RankTestOptions = {}): RankTest {
  requireSample("rank-sum test", a);
  requireSample("rank-sum test", b);
  const { ranks, ties } = rankValues([...a, ...b]);
  const smallest = (a.length * (a.length + 1)) / 2;
  const statistic = a.reduce((sum, _, index) => sum + ranks[index], -smallest);
  const count = a.length + b.length;
  return concludeRanks({ statistic, count, where: "rank-sum test" }, options, {
    exact: () => countSums(ranks, a.length).subarray(2 * smallest),
    mean: (a.length * b.length) / 2,
    variance: ((a.length * b.length) / 12) * (count + 1 - tieTerm(ties) / (count * (count - 1))),
  });
}

interface NullDistribution {
  /** Probability of each statistic 0, ½, 1, 1½ … */
  readonly exact: () => Float64Array;
  readonly mean: number;
  readonly variance: number;
}

function concludeRanks(
  { statistic, count, where }: { readonly statistic: number; readonly count: number; readonly where: string },
  {
    alternative = "two-sided",
    method = count <= LARGEST_EXACT ? "exact" : "normal",
    continuity = true,
  }: RankTestOptions,
  { exact, mean, variance }: NullDistribution,
): RankTest {
  if (method === "exact" && count > LARGEST_POSSIBLE)
    throw new OptionError(where, `${count} observations are too many for the exact test; use "normal"`);
  const tails =
    method === "exact" ? exactTails(exact(), statistic) : normalTails(statistic, mean, variance, continuity);
  const p = alternative === "two-sided" ? Math.min(1, 2 * Math.min(tails.less, tails.greater)) : tails[alternative];
  return { statistic, p, method, count };
}

interface Tails {
  readonly less: Probability;
  readonly greater: Probability;
}

function exactTails(distribution: Float64Array, statistic: number): Tails {
  const place = Math.round(2 * statistic);
  const total = (part: Float64Array): number => part.reduce((sum, value) => sum + value, 0);
  return {
    less: Math.min(1, total(distribution.subarray(0, place + 1))),
    greater: Math.min(1, total(distribution.subarray(place))),
  };
}

function normalTails(statistic: number, mean: number, variance: number, continuity: boolean): Tails {
  // All values equal: nothing speaks against the null hypothesis.
  if (variance <= 0) return { less: 1, greater: 1 };
  const step = continuity ? 0.5 : 0;
  const { cumulative, survival } = normal(mean, Math.sqrt(variance));
  return { less: cumulative(statistic + step), greater: survival(statistic - step) };
}

/**
 * The probability of each sum of ranks, over all subsets of the ranks or over those with `size` ranks, all equally
 * likely. Index 2s stands for the sum s, since midranks are halves. Probabilities rather than counts, because 2⁵⁰⁰
 * subsets cannot be counted exactly.
 */
function countSums(ranks: readonly number[], size?: number): Float64Array {
  const doubled = ranks.map((rank) => Math.round(2 * rank));
  const width = doubled.reduce((sum, rank) => sum + rank, 0) + 1;
  if (size === undefined) {
    const sums = new Float64Array(width);
    sums[0] = 1;
    for (const rank of doubled)
      for (let sum = width - 1; sum >= 0; sum--) sums[sum] = (sums[sum] + (sum >= rank ? sums[sum - rank] : 0)) / 2;
    return sums;
  }
  // Rank by rank: with probability (still wanted) / (ranks left) the rank is in the subset.
  const rows = Array.from({ length: size + 1 }, () => new Float64Array(width));
  rows[0][0] = 1;
  doubled.forEach((rank, index) => {
    const left = doubled.length - index;
    for (let taken = Math.min(index + 1, size); taken >= 0; taken--) {
      const stay = Math.max(0, 1 - (size - taken) / left);
      const join = (size - taken + 1) / left;
      for (let sum = width - 1; sum >= 0; sum--) {
        const joined = taken > 0 && sum >= rank ? rows[taken - 1][sum - rank] * join : 0;
        rows[taken][sum] = rows[taken][sum] * stay + joined;
      }
    }
  });
  return rows[size];
}
