import { expect, test } from "vitest";
import { describeEffect, measureEffect, type ShortRun } from "./measured.ts";

const runsOf = (...accuracies: readonly number[]): readonly ShortRun[] =>
  accuracies.map((accuracy, seed) => ({ seed, accuracy, loss: 1, milliseconds: 10 }));

test("an effect is the mean difference over seeds with its standard error, by hand", () => {
  // Differences 0.02, 0.04, 0.06: mean 0.04, standard deviation 0.02, so 0.02/√3 of the mean.
  const effect = measureEffect("a", runsOf(0.5, 0.6, 0.7), runsOf(0.52, 0.64, 0.76));
  expect(effect.gain).toBeCloseTo(0.04, 12);
  expect(effect.error).toBeCloseTo(0.02 / Math.sqrt(3), 12);
  // Student's t is 4.303 at 97.5 % with 2 degrees of freedom: 0.04 ± 0.0497.
  expect(effect.interval).toEqual([expect.closeTo(-0.00968, 5), expect.closeTo(0.08968, 5)]);
  expect(describeEffect(effect).en).toBe(
    "+4.0 ± 1.2 points of accuracy, 1.00 × the time per step, 3 seeds; not enough to tell",
  );
});

test("an effect is clear where Student's t for so many seeds says so, and never without a spread", () => {
  // 2.776 with 4 degrees: 0.04 ± 2.776 · 0.0158/√5 = 0.0196.
  const clear = measureEffect("a", runsOf(0.5, 0.5, 0.5, 0.5, 0.5), runsOf(0.52, 0.53, 0.54, 0.55, 0.56));
  expect(describeEffect(clear).en).toBe("+4.0 ± 0.7 points of accuracy, 1.00 × the time per step, 5 seeds");
  // Five standard errors, of two seeds.
  const two = measureEffect("a", runsOf(0.5, 0.5), runsOf(0.52, 0.53));
  expect(two.gain / two.error).toBeCloseTo(5, 10);
  expect(describeEffect(two).en).toContain("not enough to tell");
  for (const base of [0.6, 0.7, 0.83])
    expect(describeEffect(measureEffect("a", runsOf(0.5, base), runsOf(0.52, base + 0.02))).en).toContain("not enough");
});

test("a diverged training is told, and is in no mean", () => {
  const effect = measureEffect("a", runsOf(0.5, 0.6, Number.NaN), runsOf(0.52, Number.NaN, 0.7));
  expect(effect).toMatchObject({ diverged: 2, gain: expect.closeTo(0.02, 12), error: Number.NaN });
  expect(describeEffect(effect).en).toMatch(/\+2\.0 points of accuracy.* 1 seed;.*2 of 3 seeds a run diverged/);
  const none = measureEffect("a", runsOf(0.5), runsOf(Number.NaN));
  expect(describeEffect(none).en).toBe("no figure; with 1 of 1 seed a run diverged, which is excluded from the means");
});
