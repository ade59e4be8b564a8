import { expect, test } from "vitest";
import { readGoldenJson, relativeError } from "../../test/support/golden.ts";
import { uniformNoise } from "../../test/support/noise.ts";
import { sizeOf } from "../tensor/shape.ts";
import { float32 } from "../tensor/tensor.ts";
import { shrinkImages } from "./shrink-images.ts";

const { cases } = readGoldenJson<{
  readonly cases: readonly {
    readonly seed: number;
    readonly shape: readonly number[];
    readonly to: readonly number[];
    readonly small: readonly number[];
  }[];
}>("shrink-images.json");

test.each(cases)("$shape becomes $to as in PyTorch", ({ seed, shape, to, small }) => {
  const images = float32(shape, Float32Array.from(uniformNoise(seed, sizeOf(shape))));
  const shrunk = shrinkImages(images, to);
  expect(shrunk.shape).toEqual([...shape.slice(0, 2), ...to]);
  // PyTorch draws its weights in float32.
  expect(relativeError(shrunk.data, small)).toBeLessThan(5e-6);
});

test("volumes are shrunk along all three axes, and what is constant stays so", () => {
  const { shape, data } = shrinkImages(float32([1, 2, 6, 5, 4], new Float32Array(240).fill(3)), [3, 4, 2]);
  expect(shape).toEqual([1, 2, 3, 4, 2]);
  expect(relativeError(data, new Float32Array(48).fill(3))).toBeLessThan(1e-6);
});

test("images of the size are left as they are", () => {
  const images = float32([1, 1, 2, 2], [1, 2, 3, 4]);
  expect(shrinkImages(images, [2, 2])).toBe(images);
});
