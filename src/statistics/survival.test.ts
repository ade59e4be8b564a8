import fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Duration, kaplanMeier, logRankTest, medianDuration, restrictedMean } from "./survival.ts";

type Typed = readonly (readonly [time: number, happened: 0 | 1])[];
interface Golden {
  readonly survival: {
    readonly samples: Record<"maintained" | "nonmaintained" | "quick" | "slow", Typed>;
    readonly steps: Record<"maintained" | "nonmaintained" | "quick", readonly [number, number, ...(number | null)[]][]>;
    readonly logRank: Record<"leukaemia" | "runs", { readonly chiSquare: number; readonly p: number }>;
    readonly logRankExactly: { readonly excess: number; readonly p: number };
    readonly restricted: {
      readonly limit: number;
      readonly maintained: readonly number[];
      readonly nonmaintained: readonly number[];
    };
  };
}

const file = new URL("../../test/golden/statistics.json", import.meta.url);
const golden = (JSON.parse(readFileSync(file, "utf8")) as Golden).survival;
const durations = (sample: Typed): readonly Duration[] =>
  sample.map(([time, happened]) => ({ time, happened: happened === 1 }));
const [maintained, nonmaintained] = [golden.samples.maintained, golden.samples.nonmaintained].map(durations);
const [quick, slow] = [golden.samples.quick, golden.samples.slow].map(durations);

describe("the Kaplan-Meier estimate", () => {
  test.each(["maintained", "nonmaintained", "quick"] as const)("of %s is SciPy's, with its intervals", (name) => {
    const steps = kaplanMeier(durations(golden.samples[name]));
    expect(steps.map(({ time }) => time)).toEqual(golden.steps[name].map(([time]) => time));
    for (const [index, { survival, low, high }] of steps.entries()) {
      const [, expected, ...bounds] = golden.steps[name][index];
      expect(survival).toBeCloseTo(expected, 12);
      // Undefined, and null in the file, where nothing is left.
      const shown = (bound: number | null): string => (bound ?? Number.NaN).toFixed(10);
      expect([low, high].map(shown)).toEqual(bounds.map(shown));
    }
  });

  test("without censoring is the share that is left, and its restricted mean the mean", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 2, maxLength: 20 }), (times) => {
        const sample = times.map((time) => ({ time, happened: true }));
        for (const { time, survival } of kaplanMeier(sample))
          expect(survival).toBeCloseTo(times.filter((each) => each > time).length / times.length, 10);
        const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
        const { mean: restricted, error } = restrictedMean(sample, 30);
        expect(restricted).toBeCloseTo(mean, 10);
        // The usual standard error, with n in the place of n − 1.
        const variance = times.reduce((sum, time) => sum + (time - mean) ** 2, 0) / times.length;
        expect(error).toBeCloseTo(Math.sqrt(variance / times.length), 10);
      }),
      { seed: 5, numRuns: 50 },
    );
  });

  test("gives the medians of R's survfit, 31 and 23 weeks, and none where most are censored", () => {
    expect(medianDuration(maintained)).toBe(31);
    expect(medianDuration(nonmaintained)).toBe(23);
    expect(medianDuration([{ time: 4, happened: true }, ...slow.slice(3)])).toBeUndefined();
  });
});

describe("the restricted mean", () => {
  test.each([
    ["maintained", maintained],
    ["nonmaintained", nonmaintained],
  ] as const)("of %s is R's, with its standard error", (name, sample) => {
    const { mean, error } = restrictedMean(sample, golden.restricted.limit);
    expect(mean).toBeCloseTo(golden.restricted[name][0], 1);
    expect(error).toBeCloseTo(golden.restricted[name][1], 2);
  });

  test("counts who are left at the limit with the limit, and is refused beyond what is known", () => {
    expect(restrictedMean(slow, 1000).mean).toBeCloseTo((600 + 800 + 900 + 1000 + 1000) / 5, 10);
    expect(restrictedMean(slow, 700).mean).toBeCloseTo((600 + 4 * 700) / 5, 10);
    expect(() => restrictedMean(slow, 1001)).toThrow(
      "restricted mean: limit must be above 0 and at most 1000, got 1001",
    );
    expect(() => restrictedMean([], 1)).toThrow("needs at least 1 duration");
    expect(() => kaplanMeier([{ time: -1, happened: true }])).toThrow("finite durations of at least 0, got -1");
  });
});

describe("the log-rank test", () => {
  test.each([
    ["leukaemia", maintained, nonmaintained],
    ["runs", quick, slow],
  ] as const)("of %s is SciPy's and R's, by the normal approximation", (name, a, b) => {
    const { chiSquare, p } = logRankTest(a, b, { method: "normal" });
    expect(chiSquare).toBeCloseTo(golden.logRank[name].chiSquare, 10);
    expect(p).toBeCloseTo(golden.logRank[name].p, 10);
  });

  test("is exact for few observations: all ways to share them out, each counted anew", () => {
    const { excess, p, method } = logRankTest(quick, slow);
    expect({ method, excess: excess.toFixed(9) }).toEqual({
      method: "exact",
      excess: golden.logRankExactly.excess.toFixed(9),
    });
    expect(p).toBeCloseTo(golden.logRankExactly.p, 12);
    expect(logRankTest(slow, quick).p).toBeCloseTo(p, 12);
  });

  test("finds nothing where nothing happened, and all of it where nothing overlaps", () => {
    const never = Array.from({ length: 4 }, () => ({ time: 9, happened: false }));
    expect(logRankTest(never, never).p).toBe(1);
    expect(logRankTest(never, never, { method: "normal" }).p).toBe(1);
    const at = (times: readonly number[]): readonly Duration[] => times.map((time) => ({ time, happened: true }));
    // 2 of the 70 ways to share out eight.
    expect(logRankTest(at([1, 2, 3, 4]), at([5, 6, 7, 8])).p).toBeCloseTo(2 / 70, 12);
  });
});
