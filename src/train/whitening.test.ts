import { expect, test } from "vitest";
import { createModel } from "../nn/models.ts";
import { randomStream } from "../tensor/random.ts";
import { float32, type Tensor } from "../tensor/tensor.ts";
import { symmetricEigen } from "./eigen.ts";
import { planFineTuning } from "./fine-tuning.ts";
import { defaultRecipe } from "./recipe.ts";
import { whitenedLayer, whitenedState } from "./whitening.ts";

test("eigenvalues fall, and vectors are unit, orthogonal and the matrix's own", () => {
  // Eigenvalues 1 and 3: (1, −1)/√2 and (1, 1)/√2.
  const two = symmetricEigen(Float64Array.of(2, 1, 1, 2), 2);
  expect([...two.values]).toEqual([expect.closeTo(3, 12), expect.closeTo(1, 12)]);
  expect(two.vectors[0]).toBeCloseTo(Math.SQRT1_2, 12);
  const size = 9;
  const stream = randomStream(3, "symmetric");
  const half = Float64Array.from({ length: size * size }, () => stream.normal());
  const matrix = half.map((_, at) => half[at] + half[(at % size) * size + Math.floor(at / size)]);
  const { values, vectors } = symmetricEigen(matrix, size);
  const row = (index: number) => vectors.subarray(index * size, (index + 1) * size);
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, at) => sum + value * b[at], 0);
  expect([...values]).toEqual([...values].toSorted((a, b) => b - a));
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      expect(dot(row(i), row(j))).toBeCloseTo(i === j ? 1 : 0, 10);
      expect(dot(matrix.subarray(j * size, (j + 1) * size), row(i))).toBeCloseTo(values[i] * row(i)[j], 9);
    }
  }
});

/** Smooth images: neighbouring points are alike, so that patches are far from white. */
function drawImages(count: number): Tensor<"float32"> {
  const stream = randomStream(5, "smooth");
  const [height, width] = [12, 12];
  const data = new Float32Array(count * height * width);
  for (let image = 0; image < count; image++) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const at = (image * height + row) * width + column;
        const before = [column > 0 ? data[at - 1] : 0, row > 0 ? data[at - width] : 0];
        data[at] = 0.45 * before[0] + 0.45 * before[1] + stream.normal();
      }
    }
  }
  return float32([count, 1, height, width], data);
}

const grey = createModel("resnet8", { channels: 1, width: 2 });

test("outputs of the first layer over patches are uncorrelated and of variance near 1, with either sign", async () => {
  const images = drawImages(60);
  const state = await whitenedState(grey.module, { sample: [1, 12, 12], seed: 0, batches: () => [{ images }] });
  const { data, shape } = state.get("conv1.weight") as Tensor<"float32">;
  expect(shape).toEqual([32, 1, 3, 3]);
  const outputs: number[][] = Array.from({ length: 9 }, () => []);
  for (let image = 0; image < 60; image++) {
    for (let top = 0; top < 10; top++) {
      for (let left = 0; left < 10; left++) {
        for (const [filter, found] of outputs.entries()) {
          let sum = 0;
          for (let tap = 0; tap < 9; tap++)
            sum +=
              data[filter * 9 + tap] * images.data[(image * 12 + top + Math.floor(tap / 3)) * 12 + left + (tap % 3)];
          found.push(sum);
        }
      }
    }
  }
  for (const [i, a] of outputs.entries()) {
    for (const [j, b] of outputs.entries()) {
      const moment = a.reduce((sum, value, at) => sum + value * b[at], 0) / a.length;
      expect(moment).toBeCloseTo(i === j ? 1 : 0, 2);
    }
  }
  expect(data.slice(81, 162)).toEqual(data.slice(0, 81).map((value) => -value));
  // Filters beyond twice a patch's nine points are drawn as ever, like all other parameters.
  const plain = await whitenedState(grey.module, {
    sample: [1, 12, 12],
    seed: 0,
    batches: () => [{ images: drawImages(2) }],
  });
  const other = plain.get("conv1.weight") as Tensor<"float32">;
  expect(other.data.slice(162)).toEqual(data.slice(162));
  expect(other.data.slice(0, 9)).not.toEqual(data.slice(0, 9));
});

test("the whitened layer is the only one that is not trained", () => {
  const plan = planFineTuning({ ...defaultRecipe, whiten: true }, grey.module, {
    steps: 4,
    stepsPerEpoch: 1,
    sample: [1, 12, 12],
  });
  const { frozen } = plan.optionsOf(0);
  expect([frozen("conv1.weight"), frozen("bn1.weight"), frozen("layer1.0.conv1.weight")]).toEqual([true, false, false]);
});

test("a network that begins otherwise is refused by name", () => {
  const message = "whiten: needs a network that begins with a convolution of the images; leave it out";
  expect(() => whitenedLayer(grey.module, [3, 12, 12])).toThrow(message);
  expect(() => whitenedLayer(grey.module, [1, 2, 12])).toThrow(message);
});
