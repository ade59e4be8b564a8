import fc from "fast-check";
import { expect, test } from "vitest";
import { OptionError } from "../tensor/errors.ts";
import { splitValidation, standardShare } from "./split.ts";

test("a split is a partition: every image is in one part, in rising order", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 0, max: 99 }), fc.nat(), (count, percent, seed) => {
      const held = Math.round(count * (percent / 100));
      fc.pre(held < count);
      const { train, validation } = splitValidation(count, percent / 100, seed);
      expect(validation).toHaveLength(held);
      expect([...train, ...validation].toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, at) => at));
      expect(train.toSorted()).toEqual(train);
      expect(validation.toSorted()).toEqual(validation);
    }),
  );
});

test("a seed gives one split, and seeds differ", () => {
  const held = (seed: number): string => String(splitValidation(100, 0.2, seed).validation);
  expect(held(1)).toBe(held(1));
  expect(new Set([0, 1, 2, 3, 2 ** 32].map(held)).size).toBe(5);
});

test.each([1, -0.1, 1.5, Number.NaN])("a share of %s is refused", (fraction) => {
  const split = (): unknown => splitValidation(10, fraction, 0);
  expect(split).toThrow(new OptionError("validation", `must be in [0, 1), got ${fraction}`));
});

test("a share that rounds to all images is refused", () => {
  const split = (): unknown => splitValidation(3, 0.9, 0);
  expect(split).toThrow(new OptionError("validation", "0.9 of 3 images leaves none to train on"));
});

test.each([
  // A task's share of a large set.
  [1000, 0.05, 50],
  [200, 0.04, 8],
  // Of a small one at least eight images, or a fifth.
  [60, 0.04, 8],
  [20, 0.05, 4],
  [4, 0.05, 0],
  [0, 0.05, 0],
])("of %i images and a share of %d, %i are held out by default", (count, share, held) => {
  expect(Math.round(count * standardShare(count, share))).toBe(held);
});
