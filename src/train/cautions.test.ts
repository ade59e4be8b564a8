import { expect, test } from "vitest";
import { wilsonInterval } from "../statistics/wilson.ts";
import { cautionOfWarmUp, cautionsOf, cautionsOfAverages } from "./cautions.ts";
import { accuracy, type Measure } from "./measure.ts";

const meanAp: Measure = { name: "meanAp", words: { en: "mean AP", zh: "平均 AP" }, better: "higher" };

test("Wilson's interval is that of Wilson's formula, and at its ends the closed form z² / (n + z²)", () => {
  const z = 1.959963984540054;
  const end = z ** 2 / (12 + z ** 2);
  // 8 of 10 was worked out apart, in Python's floats.
  const known = [
    [8, 10, 0.4901624715366418, 0.9433178485456247],
    [0, 12, 0, end],
    [12, 12, 1 - end, 1],
  ] as const;
  for (const [successes, trials, low, high] of known) {
    const found = wilsonInterval(successes, trials);
    expect(found[0]).toBeCloseTo(low, 8);
    expect(found[1]).toBeCloseTo(high, 8);
  }
  expect(() => wilsonInterval(3, 2)).toThrow("must be from 0 to 1");
  expect(() => wilsonInterval(0, 0)).toThrow("must be a whole number of at least 1");
});

test("a warm-up that ends within the training is no matter; one that does not is named with both lengths", () => {
  expect(cautionOfWarmUp(0, 1)).toBeUndefined();
  expect(cautionOfWarmUp(99, 100)).toBeUndefined();
  expect(cautionOfWarmUp(100, 2)).toBe(
    "the warm-up takes 100 steps, the training 2: its learning rate stays below the highest",
  );
});

test.each([
  [
    { count: 10, measures: { accuracy: 0.8 } },
    accuracy,
    "accuracy of it, 80.00 %, rests on 10 images: its 95 % interval is 49.02 % to 94.33 %",
  ],
  [{ count: 1, measures: { meanAp: 0.5 } }, meanAp, "mean AP of it rests on 1 image"],
  [
    { count: 40, measures: { meanAp: null }, unmeasured: "no mask has a cell" },
    meanAp,
    "mean AP of it says nothing: no mask has a cell",
  ],
  [{ count: 40, measures: {} }, meanAp, "mean AP of it says nothing: there is nothing to measure"],
  [{ count: 20, measures: { accuracy: 0.8 } }, accuracy, undefined],
  [
    { count: 40, notFinite: 3, measures: { accuracy: 0.8 } },
    accuracy,
    "accuracy of it counts 3 of 40 as wrong: the network gives them scores that are not finite numbers",
  ],
] as const)("%j is told with its caution", (evaluation, main, caution) => {
  expect(cautionsOf({ loss: 1, ...evaluation }, main, "it")).toEqual(caution === undefined ? [] : [caution]);
});

test("averages that trainings are too short for are named, each once", () => {
  const short = (decay?: number) => ({ decay, steps: 8 });
  // (1 + 8) / (10 + 8) is the first decay of 0.5; 0.99 takes (10 · 0.99 − 1) / 0.01 = 890 steps.
  const cautions = cautionsOfAverages([short(), short(0.5), short(0.99), short(0.99), { decay: 0.99, steps: 890 }]);
  expect([...cautions]).toEqual(["average 0.99 is not reached in 8 steps: it grows to 0.500"]);
});
