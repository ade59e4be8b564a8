import fc from "fast-check";
import { expect, test } from "vitest";
import { enlargePart, shrinkMasked, shrinkRaster, shrunkExtent } from "./shrink.ts";

test("the longer side becomes the longest that is wanted; smaller images stay", () => {
  expect(shrunkExtent({ height: 300, width: 200 }, 150)).toEqual({ height: 150, width: 100 });
  expect(shrunkExtent({ height: 120, width: 90 }, 150)).toEqual({ height: 120, width: 90 });
  expect(shrunkExtent({ height: 1, width: 1000 }, 16)).toEqual({ height: 1, width: 16 });
});

test("points are means over the areas that they cover, each channel by itself", () => {
  const samples = Uint8Array.of(0, 10, 4, 20, 8, 30, 100, 0, 104, 0, 108, 0);
  const shrunk = shrinkRaster({ height: 2, width: 3, channels: 2, samples }, 2);
  // Rows 0 and 1 together, columns 0 to 1.5 and 1.5 to 3.
  expect(shrunk).toEqual({ height: 1, width: 2, channels: 2, samples: Uint8Array.of(51, 7, 57, 13) });
});

test("the mean of an image stays", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 40 }),
      fc.infiniteStream(fc.double({ min: -5, max: 5, noNaN: true })),
      (height, width, longest, values) => {
        const samples = Float32Array.from({ length: height * width }, () => values.next().value);
        const { samples: fewer } = shrinkRaster({ height, width, channels: 1, samples }, longest);
        const mean = (all: ArrayLike<number>): number => Array.from(all).reduce((a, b) => a + b, 0) / all.length;
        expect(mean(fewer)).toBeCloseTo(mean(samples), 4);
      },
    ),
    { numRuns: 50 },
  );
});

test("masks keep their values", () => {
  const mask = Uint16Array.from({ length: 64 }, (_, at) => (at % 8 < 4 ? 7 : 65_535));
  const image = { height: 8, width: 8, channels: 1, samples: new Uint16Array(64).fill(1000) };
  const shrunk = shrinkMasked({ name: "a", image, mask }, 4);
  expect(Array.from(shrunk.mask)).toEqual(Array.from({ length: 16 }, (_, at) => (at % 4 < 2 ? 7 : 65_535)));
  expect(shrinkMasked({ name: "a", image, mask }, 8).mask).toBe(mask);
});

test("a slope stays a slope when it is enlarged, and parts fit together", () => {
  const [from, to] = [
    { height: 4, width: 5 },
    { height: 12, width: 20 },
  ];
  const small = Float32Array.from({ length: 20 }, (_, at) => (at % 5) + 10 * Math.floor(at / 5));
  const whole = new Float32Array(240);
  enlargePart(small, { from, to }, { top: 0, left: 0, ...to }, whole);
  // Point (5, 9) lies at ((5.5 / 3) − 0.5, (9.5 / 4) − 0.5) of the small plane.
  expect(whole[5 * 20 + 9]).toBeCloseTo(1.875 + 10 * (5.5 / 3 - 0.5), 5);
  const part = new Float32Array(6);
  enlargePart(small, { from, to }, { top: 5, left: 8, height: 2, width: 3 }, part);
  expect(Array.from(part.subarray(0, 3))).toEqual(Array.from(whole.subarray(108, 111)));
  expect(whole[0]).toBe(0);
  expect(whole[239]).toBe(34);
});
