import fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  binomial,
  bootstrapInterval,
  cliffsDelta,
  cohensD,
  correctPValues,
  hedgesG,
  interquartileRange,
  mean,
  median,
  mode,
  modes,
  normal,
  pairedTest,
  permutationTest,
  poisson,
  quantile,
  quartiles,
  rankSumTest,
  signedRankTest,
  standardDeviation,
  studentT,
  variance,
  welchTest,
} from "./index.ts";

interface Tails {
  readonly "two-sided": number;
  readonly less: number;
  readonly greater: number;
}
interface TestResult {
  readonly statistic: number;
  readonly p: Tails;
}
interface Golden {
  readonly samples: Record<"a" | "b" | "c" | "longA" | "longB" | "fewA" | "fewB" | "tiesFree", number[]>;
  readonly summary: Record<"mean" | "median" | "mode" | "variance" | "deviation" | "iqr", number> & {
    readonly quartiles: number[];
    readonly quantiles: [number, number][];
  };
  readonly welch: Record<keyof Tails, { t: number; p: number; difference: number }>;
  readonly welchFreedom: number;
  readonly welchInterval: number[];
  readonly paired: Record<keyof Tails, { t: number; p: number; difference: number }>;
  readonly pairedInterval: number[];
  readonly signedRank: Record<"exact" | "normal" | "normalCorrected" | "exactTies", TestResult> & {
    readonly exactTiesDifferences: number[];
  };
  readonly rankSum: Record<"exact" | "normal" | "normalCorrected" | "exactTies", TestResult> & {
    readonly exactTiesB: number[];
  };
  readonly permutation: Record<"means" | "medians" | "pairs", TestResult>;
  readonly bootstrap: Record<"meanBca" | "meanPercentile" | "deviationBca", [number, number]>;
  readonly normal: Record<"density" | "cumulative" | "survival" | "quantile", [number, number][]>;
  readonly studentT: Record<"cumulative" | "quantile", [number, number, number][]>;
  readonly binomial: { n: number; p: number; k: number; probability: number; cumulative: number }[];
  readonly binomialQuantile: [number, number, number, number][];
  readonly poisson: { rate: number; k: number; probability: number; cumulative: number }[];
  readonly poissonQuantile: [number, number, number][];
  readonly effects: Record<"cohensD" | "cliffsDelta", number>;
  readonly correction: Record<"p" | "bonferroni" | "holm" | "benjaminiHochberg", number[]>;
}

const file = new URL("../../test/golden/statistics.json", import.meta.url);
const golden = JSON.parse(readFileSync(file, "utf8")) as Golden;
const { a, b, c, longA, longB, fewA, fewB, tiesFree } = golden.samples;
const alternatives = ["two-sided", "less", "greater"] as const;

/** Relative: float64 and other orders of summing leave a few of its last digits. */
function expectClose(actual: number, expected: number, tolerance = 1e-12): void {
  if (actual === expected) return;
  expect(Math.abs(actual - expected) / Math.abs(expected), `${actual} for ${expected}`).toBeLessThan(tolerance);
}

function expectTails(run: (alternative: keyof Tails) => { statistic: number; p: number }, expected: TestResult): void {
  for (const alternative of alternatives) {
    const { statistic, p } = run(alternative);
    expectClose(statistic, expected.statistic);
    expectClose(p, expected.p[alternative]);
  }
}

describe("summaries", () => {
  test("mean, median, mode, variance, quartiles and quantiles are those of NumPy and SciPy", () => {
    expectClose(mean(a), golden.summary.mean);
    expectClose(median(a), golden.summary.median);
    expect(mode(c)).toBe(golden.summary.mode);
    expectClose(variance(a), golden.summary.variance);
    expectClose(standardDeviation(a), golden.summary.deviation);
    quartiles(a).forEach((value, index) => expectClose(value, golden.summary.quartiles[index]));
    expectClose(interquartileRange(a), golden.summary.iqr);
    for (const [p, value] of golden.summary.quantiles) expectClose(quantile(longA, p), value);
  });

  test("all modes are named where several values are equally frequent", () => {
    expect(modes([3, 1, 3, 2, 1])).toEqual([1, 3]);
  });

  test("a quantile lies between the smallest and the largest observation, and never falls as p rises", () => {
    const samples = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 20 });
    const shares = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(samples, shares, shares, (sample, p, q) => {
        const [low, high] = [quantile(sample, Math.min(p, q)), quantile(sample, Math.max(p, q))];
        expect(low).toBeGreaterThanOrEqual(Math.min(...sample));
        expect(high).toBeLessThanOrEqual(Math.max(...sample));
        expect(high - low).toBeGreaterThanOrEqual(-1e-9);
      }),
    );
  });

  test("samples that are empty or not finite are refused with the reason", () => {
    expect(() => mean([])).toThrow("mean: needs at least 1 observations, got 0");
    expect(() => median([1, Number.NaN])).toThrow("median: observation 1 is NaN");
    expect(() => variance([1])).toThrow("variance: needs at least 2");
    expect(() => quantile([1], 1.5)).toThrow("quantile p: must be from 0 to 1, got 1.5");
  });
});

describe("tests of means", () => {
  test("Welch's test is SciPy's", () => {
    for (const alternative of alternatives) {
      const found = welchTest(a, c, { alternative, confidence: 0.99 });
      expectClose(found.t, golden.welch[alternative].t);
      expectClose(found.p, golden.welch[alternative].p, 1e-11);
      expectClose(found.difference, golden.welch[alternative].difference);
      expectClose(found.degreesOfFreedom, golden.welchFreedom);
    }
    const { interval } = welchTest(a, c, { confidence: 0.99 });
    interval.forEach((end, index) => expectClose(end, golden.welchInterval[index], 1e-10));
  });

  test("the paired test is SciPy's", () => {
    for (const alternative of alternatives) {
      const found = pairedTest(a, b, { alternative });
      expectClose(found.t, golden.paired[alternative].t);
      expectClose(found.p, golden.paired[alternative].p, 1e-11);
    }
    pairedTest(a, b).interval.forEach((end, index) => expectClose(end, golden.pairedInterval[index], 1e-10));
    expect(() => pairedTest([1, 2], [1, 2, 3])).toThrow("pairs need equally many observations, got 2 and 3");
  });

  test("one-sided intervals end where the two-sided one with twice the error does", () => {
    const [low, high] = welchTest(a, c, { confidence: 0.9 }).interval;
    expectClose(welchTest(a, c, { alternative: "greater", confidence: 0.95 }).interval[0], low);
    expectClose(welchTest(a, c, { alternative: "less", confidence: 0.95 }).interval[1], high);
  });

  test("samples without spread give an infinite t, or none", () => {
    expect(welchTest([2, 2], [1, 1])).toMatchObject({ t: Infinity, p: 0, interval: [1, 1] });
    expect(welchTest([2, 2], [2, 2])).toMatchObject({ t: Number.NaN, p: Number.NaN });
  });
});

describe("rank tests", () => {
  test("the signed-rank test is SciPy's: exact, and normal with and without continuity", () => {
    const { exact, normal: plain, normalCorrected } = golden.signedRank;
    expectTails((alternative) => signedRankTest(tiesFree, b, { alternative }), exact);
    expectTails(
      (alternative) => signedRankTest(longA, longB, { alternative, method: "normal", continuity: false }),
      plain,
    );
    expectTails((alternative) => signedRankTest(longA, longB, { alternative, method: "normal" }), normalCorrected);
    expect(signedRankTest(longA, longB).method).toBe("normal");
  });

  test("the rank-sum test is SciPy's: exact, and normal with and without continuity", () => {
    const { exact, normal: plain, normalCorrected } = golden.rankSum;
    expectTails((alternative) => rankSumTest(tiesFree, fewB, { alternative }), exact);
    expectTails(
      (alternative) => rankSumTest(longA, longB, { alternative, method: "normal", continuity: false }),
      plain,
    );
    expectTails((alternative) => rankSumTest(longA, longB, { alternative, method: "normal" }), normalCorrected);
  });

  test("with ties, the exact tests count what trying all rearrangements of the midranks counts", () => {
    const { exactTiesDifferences, exactTies } = golden.signedRank;
    const zeros = exactTiesDifferences.map(() => 0);
    expectTails((alternative) => signedRankTest(exactTiesDifferences, zeros, { alternative }), exactTies);
    const { exactTiesB, exactTies: sums } = golden.rankSum;
    expectTails((alternative) => rankSumTest(c.slice(0, 6), exactTiesB, { alternative }), sums);
  });

  test("exact and normal agree for 400 pairs, and more than 500 are not counted", () => {
    const x = Array.from({ length: 400 }, (_, index) => longA[index % 80] + index / 1e4);
    const y = x.map((_, index) => longB[(index * 7) % 80] + 0.35);
    const exact = signedRankTest(x, y, { method: "exact" });
    expectClose(exact.p, signedRankTest(x, y, { method: "normal" }).p, 0.01);
    const many = Array.from({ length: 501 }, (_, index) => index + 1);
    const none = many.map(() => 0);
    expect(() => signedRankTest(many, none, { method: "exact" })).toThrow('too many for the exact test; use "normal"');
  });

  test("nothing speaks against equality where all values are equal", () => {
    expect(rankSumTest([1, 1], [1, 1, 1]).p).toBe(1);
    expect(rankSumTest([1, 1], [1, 1, 1], { method: "normal" }).p).toBe(1);
    expect(() => signedRankTest([1, 2], [1, 2])).toThrow("all pairs are equal");
  });
});

describe("permutation and bootstrap", () => {
  test("all rearrangements give SciPy's p: of means, of medians, and within pairs", () => {
    const { means, medians, pairs } = golden.permutation;
    expectTails((alternative) => permutationTest(fewA, fewB, { alternative }), means);
    const statistic = (x: readonly number[], y: readonly number[]): number => median(x) - median(y);
    expectTails((alternative) => permutationTest(fewA, c.slice(0, 4), { alternative, statistic }), medians);
    expectTails((alternative) => permutationTest(a, b, { alternative, paired: true }), pairs);
  });

  test("drawn rearrangements come near the exact p, are the same for the same seed, and never give 0", () => {
    const exact = permutationTest(fewA, fewB);
    const drawn = permutationTest(fewA, fewB, { resamples: 251, seed: 3 });
    expect(exact).toMatchObject({ method: "exact", rearrangements: 252 });
    expect(drawn).toMatchObject({ method: "drawn", rearrangements: 251 });
    expect(drawn).toEqual(permutationTest(fewA, fewB, { resamples: 251, seed: 3 }));
    expect(Math.abs(drawn.p - exact.p)).toBeLessThan(0.05);
    const far = { resamples: 500, seed: 1 };
    expect(
      permutationTest(
        longA,
        longB.map((value) => value + 100),
        far,
      ).p,
    ).toBe(2 / 501);
    expect(
      permutationTest(
        longA,
        longB.map((value) => value + 100),
        { ...far, paired: true },
      ).p,
    ).toBe(2 / 501);
  });

  test("bootstrap intervals are SciPy's to what 9,999 resamples can tell", () => {
    const near = (actual: { low: number; high: number }, [low, high]: [number, number], tolerance: number): void => {
      expect(Math.abs(actual.low - low)).toBeLessThan(tolerance);
      expect(Math.abs(actual.high - high)).toBeLessThan(tolerance);
    };
    // The ends' own standard error is about a thirtieth of the statistic's, 0.092 and 0.09.
    near(bootstrapInterval(a), golden.bootstrap.meanBca, 0.012);
    near(bootstrapInterval(a, { method: "percentile" }), golden.bootstrap.meanPercentile, 0.012);
    near(bootstrapInterval(longA, { statistic: standardDeviation }), golden.bootstrap.deviationBca, 0.015);
    expect(bootstrapInterval(a, { seed: 5 })).toEqual(bootstrapInterval(a, { seed: 5 }));
    expect(bootstrapInterval(a, { seed: 5 }).low).not.toBe(bootstrapInterval(a, { seed: 6 }).low);
  });

  test("a sample without spread has an interval without width", () => {
    expect(bootstrapInterval([2, 2, 2])).toEqual({ estimate: 2, low: 2, high: 2, standardError: 0 });
  });
});

describe("distributions", () => {
  test("the normal distribution is SciPy's, tails included", () => {
    for (const [x, value] of golden.normal.density) expectClose(normal(0.5, 2).density(x), value);
    for (const [x, value] of golden.normal.cumulative) expectClose(normal().cumulative(x), value);
    for (const [x, value] of golden.normal.survival) expectClose(normal().survival(x), value);
    for (const [p, value] of golden.normal.quantile) expectClose(normal(10, 3).quantile(p), value);
    expect([normal().quantile(0), normal().quantile(1)]).toEqual([-Infinity, Infinity]);
  });

  test("Student's t is SciPy's, with whole and broken degrees of freedom", () => {
    for (const [x, freedom, value] of golden.studentT.cumulative)
      expectClose(studentT(freedom).cumulative(x), value, 1e-11);
    for (const [p, freedom, value] of golden.studentT.quantile)
      expectClose(1 + studentT(freedom).quantile(p), 1 + value, 1e-10);
  });

  test("the binomial distribution is SciPy's up to a million trials", () => {
    for (const { n, p, k, probability, cumulative } of golden.binomial) {
      expectClose(binomial(n, p).probability(k), probability, 1e-8);
      expectClose(binomial(n, p).cumulative(k), cumulative, 1e-9);
    }
    for (const [n, p, share, value] of golden.binomialQuantile) expect(binomial(n, p).quantile(share)).toBe(value);
    expect(binomial(7, 0.2).quantile(1)).toBe(7);
    expect(binomial(7, 0.2).quantile(0)).toBe(0);
  });

  test("the Poisson distribution is SciPy's up to a rate of a hundred million", () => {
    for (const { rate, k, probability, cumulative } of golden.poisson) {
      // ln k! is 1.7e9 at the largest rate, and its last digit 2e-7.
      expectClose(poisson(rate).probability(k), probability, 2e-7);
      expectClose(poisson(rate).cumulative(k), cumulative, 2e-7);
    }
    for (const [rate, share, value] of golden.poissonQuantile) expect(poisson(rate).quantile(share)).toBe(value);
    expect([poisson(2).quantile(0), poisson(2).quantile(1)]).toEqual([0, Infinity]);
  });

  test("a discrete quantile is the smallest count that reaches p", () => {
    const cases = fc.tuple(
      fc.integer({ min: 1, max: 400 }),
      fc.double({ min: 0.001, max: 0.999, noNaN: true }),
      fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }),
    );
    fc.assert(
      fc.property(cases, ([trials, success, p]) => {
        for (const distribution of [binomial(trials, success), poisson(trials * success)]) {
          const k = distribution.quantile(p);
          expect(distribution.cumulative(k)).toBeGreaterThanOrEqual(p);
          expect(distribution.cumulative(k - 1)).toBeLessThan(p);
        }
      }),
    );
  });

  test("parameters outside what they may be are refused", () => {
    expect(() => normal(0, 0)).toThrow("normal deviation: must be a finite number above 0, got 0");
    expect(() => binomial(1.5, 0.5)).toThrow("binomial trials: must be a whole number of at least 0, got 1.5");
    expect(() => binomial(3, 1.1)).toThrow("binomial success: must be from 0 to 1");
    expect(() => poisson(-1)).toThrow("poisson rate");
    expect(() => normal().quantile(2)).toThrow("normal quantile p");
  });
});

describe("effect sizes and corrections", () => {
  test("Cohen's d, Hedges' g and Cliff's delta are those of their definitions", () => {
    expectClose(cohensD(a, c), golden.effects.cohensD);
    expectClose(hedgesG(a, c), golden.effects.cohensD * (1 - 3 / (4 * 19 - 1)));
    expectClose(cliffsDelta(a, c), golden.effects.cliffsDelta);
    expect([cliffsDelta([2, 3], [1]), cliffsDelta([1], [2, 3]), cliffsDelta([1], [1])]).toEqual([1, -1, 0]);
  });

  test("Bonferroni, Holm and Benjamini-Hochberg give the reference's adjusted p values", () => {
    const { p, bonferroni, holm, benjaminiHochberg } = golden.correction;
    correctPValues(p, "bonferroni").forEach((value, index) => expectClose(value, bonferroni[index]));
    correctPValues(p, "holm").forEach((value, index) => expectClose(value, holm[index]));
    correctPValues(p, "benjamini-hochberg").forEach((value, index) => expectClose(value, benjaminiHochberg[index]));
    expect(correctPValues([], "holm")).toEqual([]);
    expect(() => correctPValues([0.1, 1.2], "holm")).toThrow("p value: must be from 0 to 1, got 1.2");
  });

  test("the p values that are given stay what they were", () => {
    const p = [0.2, 0.01, 0.03];
    for (const kind of ["bonferroni", "holm", "benjamini-hochberg"] as const) correctPValues(p, kind);
    expect(p).toEqual([0.2, 0.01, 0.03]);
  });

  test("no correction lowers a p value, and Holm never exceeds Bonferroni", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }), (p) => {
        const [most, step, rate] = (["bonferroni", "holm", "benjamini-hochberg"] as const).map((kind) =>
          correctPValues(p, kind),
        );
        p.forEach((value, index) => {
          expect(rate[index]).toBeGreaterThanOrEqual(value - 1e-15);
          expect(step[index]).toBeGreaterThanOrEqual(rate[index] - 1e-15);
          expect(most[index]).toBeGreaterThanOrEqual(step[index]);
        });
      }),
    );
  });
});
