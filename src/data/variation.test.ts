import { describe, expect, test } from "vitest";
import { noAugmentation } from "./augmentation.ts";
import { createBatchWriter } from "./batches.ts";
import type { ImageSet } from "./image-set.ts";
import { colourChanges, eraseRectangle, requireVariation, rotatePixels, varyPixels } from "./variation.ts";

const grey = { channels: 1, height: 3, width: 3 };
const colour = { channels: 3, height: 1, width: 2 };
const square = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
/** Two pixels: red 200, green 100, blue 50, and grey 100. */
const pair = Uint8Array.of(200, 100, 100, 100, 50, 100);

describe("images are turned counter-clockwise, as by torchvision's rotate", () => {
  test.each([
    [0, [1, 2, 3, 4, 5, 6, 7, 8, 9]],
    [90, [3, 6, 9, 2, 5, 8, 1, 4, 7]],
    [-90, [7, 4, 1, 8, 5, 2, 9, 6, 3]],
    [180, [9, 8, 7, 6, 5, 4, 3, 2, 1]],
  ])("by %d degrees", (degrees, expected) => {
    expect([...rotatePixels(square, grey, degrees)]).toEqual(expected);
  });

  test("by 45 degrees corners become black: the source of (−1, −1) is (0, −√2), which lies on the upper edge", () => {
    // x' = cos·x − sin·y = 0, y' = sin·x + cos·y = −1.41, whose nearest row is −1, still in the image.
    const turned = rotatePixels(
      Uint8Array.from({ length: 25 }, () => 9),
      { channels: 1, height: 5, width: 5 },
      45,
    );
    expect([turned[0], turned[4], turned[20], turned[24], turned[12]]).toEqual([0, 0, 0, 0, 9]);
    expect([...rotatePixels(square, grey, 45)]).toEqual([2, 3, 6, 1, 5, 9, 4, 7, 8]);
  });
});

describe("colours change by torchvision's formulas, on whole numbers", () => {
  test("brightness multiplies and limits", () => {
    expect([...colourChanges.brightness(pair, colour, 1.5)]).toEqual([255, 150, 150, 150, 75, 150]);
  });

  test("saturation blends with the grey 0.2989 r + 0.587 g + 0.114 b, truncated: 124 and 99", () => {
    // 0.5 · 200 + 0.5 · 124 = 162, 0.5 · 100 + 0.5 · 124 = 112, 0.5 · 50 + 0.5 · 124 = 87; 99.5 is truncated.
    expect([...colourChanges.saturation(pair, colour, 0.5)]).toEqual([162, 99, 112, 99, 87, 99]);
  });

  test("contrast blends with the mean of the grey: 111.5", () => {
    // 0.5 · (200, 100, 50) + 55.75 = 155.75, 105.75, 80.75
    expect([...colourChanges.contrast(pair, colour, 0.5)]).toEqual([155, 105, 105, 105, 80, 105]);
    expect([...colourChanges.contrast(square, grey, 0)]).toEqual([5, 5, 5, 5, 5, 5, 5, 5, 5]);
  });
});

test("erasing blanks one rectangle of every channel, of 2 to 33 % of the image, as often as its probability says", () => {
  const format = { channels: 2, height: 32, width: 32 };
  let erased = 0;
  for (let index = 0; index < 400; index++) {
    const out = new Float32Array(3 * 2 * 1024).fill(1);
    eraseRectangle(out, 2048, format, { erasing: 0.25 }, { seed: 1, epoch: 0, index });
    expect(out.subarray(0, 2048).every((value) => value === 1)).toBe(true);
    const planes = [0, 1].map((plane) => out.subarray(2048 + 1024 * plane, 3072 + 1024 * plane));
    expect(planes[1]).toEqual(planes[0]);
    const blank = Array.from(planes[0].keys()).filter((at) => planes[0][at] === 0);
    if (blank.length === 0) continue;
    erased++;
    const [rows, columns] = [new Set(blank.map((at) => at >> 5)), new Set(blank.map((at) => at & 31))];
    expect(rows.size * columns.size).toBe(blank.length);
    // Rounded sides: half a pixel each.
    expect(blank.length).toBeGreaterThan(0.02 * 1024 - 8);
    expect(blank.length).toBeLessThan(0.33 * 1024 + 20);
  }
  // Binomial with n = 400, p = ¼: four deviations are 35.
  expect(Math.abs(erased - 100)).toBeLessThan(35);
});

test("a variation depends on seed, epoch and image alone, and none leaves the pixels as they are", () => {
  const vary = (seed: number, epoch: number, index: number): readonly number[] => [
    ...varyPixels(square, grey, { brightness: 0.9, rotation: 90 }, { seed, epoch, index }),
  ];
  expect(vary(1, 2, 3)).toEqual(vary(1, 2, 3));
  expect(new Set([vary(1, 2, 3), vary(2, 2, 3), vary(1, 3, 3), vary(1, 2, 4)].map(String)).size).toBe(4);
  expect(varyPixels(square, grey, {}, { seed: 0, epoch: 0, index: 0 })).toBe(square);
});

test("only shifts have borders to mirror, and only images that are larger than the shift", () => {
  expect(() => requireVariation({ reflectBorder: true, cropPadding: 0 }, colour)).toThrow(
    /^reflectBorder: needs images that are shifted/,
  );
  const small = { channels: 3, height: 4, width: 8 };
  expect(() => requireVariation({ reflectBorder: true, cropPadding: 4 }, small)).toThrow(
    /^reflectBorder: needs images of more than 4 pixels per side, got 4 × 8/,
  );
  requireVariation({ reflectBorder: true, cropPadding: 3 }, small);
});

test("grey images have no saturation", () => {
  const set: ImageSet = { ...grey, images: square, labels: Int32Array.of(0), count: 1 };
  const plan = { batch: 1, seed: 0, indices: Uint32Array.of(0), shuffle: false };
  const normalization = { mean: [0], deviation: [1] };
  const source = { set, plan, normalization, augmentation: { ...noAugmentation, saturation: 0.5 } };
  expect(() => createBatchWriter(source)).toThrow(/^saturation: needs images of 3 colours, got 1 channel/);
});
