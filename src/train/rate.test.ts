import { expect, test } from "vitest";
import { rateOf } from "./rate.ts";

test("is images over time; a step that compiled or waited counts as two", () => {
  expect(rateOf([10, 10, 10, 10], 5)).toBe(500);
  expect(rateOf([9000, 10, 10, 10], 5)).toBe(400);
  expect(rateOf([], 5)).toBeNaN();
});

test("half the steps on small images count as half, whether the steps are even or odd in number", () => {
  const rates = [20, 21].map((steps) =>
    rateOf(
      Array.from({ length: steps }, (_, step) => (step < steps / 2 ? 56 : 100)),
      10,
    ),
  );
  expect(rates[0]).toBeCloseTo(10_000 / 78);
  expect(Math.abs(rates[0] - rates[1]) / rates[0]).toBeLessThan(0.03);
});
