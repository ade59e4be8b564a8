import { describe, expect, test } from "vitest";
import { createRamp, createSmoother, hasDiverged, type RatePoint, suggestRates } from "./study.ts";

/** Steps at rates 10^−8, 10^−7, …, with these smoothed losses. */
const pointsOf = (losses: readonly number[]): readonly RatePoint[] =>
  losses.map((smoothed, step) => ({ step, learningRate: 10 ** (step - 8), loss: smoothed, smoothed }));

test("the rate is multiplied by the same factor with every step, from the lowest to the highest", () => {
  const ramp = createRamp(1e-4, 1, 5);
  expect([0, 1, 2, 3, 4].map(ramp)).toEqual(
    [1e-4, 1e-3, 1e-2, 1e-1, 1].map((rate): unknown => expect.closeTo(rate, 12)),
  );
  expect(createRamp(1e-7, 10, 100)(99)).toBe(10);
});

test("the running mean begins at the first loss, and is fastai's", () => {
  const smooth = createSmoother();
  expect(smooth(3)).toBeCloseTo(3, 12);
  // (0.98 · 0.02 · 3 + 0.02 · 5) / (1 − 0.98²)
  expect(smooth(5)).toBeCloseTo(0.1588 / 0.0396, 12);
});

test("the loss has diverged above four times its lowest, not before", () => {
  expect(hasDiverged(pointsOf([2, 1, 4]))).toBe(false);
  expect(hasDiverged(pointsOf([2, 1, 4.01]))).toBe(true);
  expect(hasDiverged([])).toBe(false);
});

describe("suggestions, as fastai's valley and steep give them for the same losses", () => {
  // By hand: the first tenth of 20 steps and the last five are left out, which leaves indices 2 to 14.
  const losses = [9, 9, 8, 7.9, 7.7, 7.2, 6, 5, 4.5, 4.2, 4, 3.9, 5, 6, 7, 8, 9, 9, 9, 9];

  test("steepest is where the segment of the greatest fall per log rate begins", () => {
    // 7.2 → 6 falls most: index 5, rate 10^−3.
    expect(suggestRates(pointsOf(losses), 20)?.steepest).toBeCloseTo(1e-3, 12);
  });

  test("valley is within the longest fall", () => {
    // Indices 2 to 11 fall: L = 10, e = 9 among those used; 9 − 10 + 3 + 1 = 3, that is index 5.
    expect(suggestRates(pointsOf(losses), 20)?.valley).toBeCloseTo(1e-3, 12);
  });

  test("a bump does not end the fall", () => {
    // Used: indices 2 to 14; 8 7.9 | 8.5 | 7.2 6 5 4.5 4.2 4 3.9 fall without the bump: L = 9, e = 9; 9 − 9 + 3 + 1 = 4, index 6.
    const bumpy = losses.map((loss, index) => (index === 4 ? 8.5 : loss));
    expect(suggestRates(pointsOf(bumpy), 20)?.valley).toBeCloseTo(1e-2, 12);
  });

  test("there are none if the loss never falls, or too few steps are left", () => {
    expect(suggestRates(pointsOf(losses.toSorted((a, b) => a - b)), 20)).toBeUndefined();
    expect(suggestRates(pointsOf(losses.slice(0, 10)), 20)).toBeUndefined();
  });
});
