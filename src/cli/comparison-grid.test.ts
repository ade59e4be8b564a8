import { expect, test } from "vitest";
import { readAccuracy } from "./comparison-grid.ts";

test("a percentage is the share of the same digits, so that just as many right reach it", () => {
  for (let tenths = 1; tenths <= 1000; tenths++)
    expect(readAccuracy(`${(tenths / 10).toFixed(1)}%`)).toBe(tenths / 1000);
  expect([readAccuracy("0.9"), readAccuracy("90 %"), readAccuracy(".5")]).toEqual([0.9, 0.9, 0.5]);
});

test.each(["0", "101%", "1.5", "x", "-3%", ""])("%j is refused", (text) => {
  expect(() => readAccuracy(text)).toThrow(/must be an accuracy above 0 and at most 1/);
});
