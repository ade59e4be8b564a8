import { expect, test } from "vitest";
import { describeEffect, measureEffect, type ShortRun } from "./measured.ts";

const runsOf = (...accuracies: readonly number[]): readonly ShortRun[] =>
  accuracies.map((accuracy, seed) => ({ seed, accuracy, loss: 1, milliseconds: 10 }));

test("an effect is the mean difference over seeds with its standard error, by hand", () => {
  // Differences 0.02, 0.04, 0.06: mean 0.04, standard deviation 0.02, so 0.02/√3 of the mean.
  const effect = measureEffect("a", runsOf(0.5, 0.6, 0.7), runsOf(0.52, 0.64, 0.76));
  expect(effect.gain).toBeCloseTo(0.04, 12);
  expect(effect.error).toBeCloseTo(0.02 / Math.sqrt(3), 12);
  expect(describeEffect(effect).en).toBe("+4.0 ± 1.2 points of accuracy, 1.00 × the time per step, 3 seeds");
});

test("a diverged training is told, and is in no mean", () => {
  const effect = measureEffect("a", runsOf(0.5, 0.6, Number.NaN), runsOf(0.52, Number.NaN, 0.7));
  expect(effect).toMatchObject({ diverged: 2, gain: expect.closeTo(0.02, 12), error: Number.NaN });
  expect(describeEffect(effect).en).toMatch(/\+2\.0 points of accuracy.* 1 seed;.*2 of 3 seeds a run diverged/);
  const none = measureEffect("a", runsOf(0.5), runsOf(Number.NaN));
  expect(describeEffect(none).en).toBe("no figure; with 1 of 1 seed a run diverged, which is excluded from the means");
});
