import { expect, test } from "vitest";
import { addGradients } from "../../autodiff/backward.ts";
import { checkGradient } from "../../autodiff/finite-difference.ts";
import { toModel } from "../../compile/inference.ts";
import { portable } from "../../compile/portable/lowering.ts";
import type { LossFunction } from "../../compile/step/loss-pass.ts";
import { createGraphBuilder } from "../../onnx/builder.ts";
import { encodeModel } from "../../onnx/encode.ts";
import { createNodeRuntime } from "../../runtime/node.ts";
import { randomStream } from "../../tensor/random.ts";
import type { Shape } from "../../tensor/shape.ts";
import { float32, int64, tensor, type Tensor } from "../../tensor/tensor.ts";
import { UNLABELLED, labelPlate, SLOT_CLASSES, SLOTS } from "./alphabet.ts";
import { writeLocatorTargets } from "./locator-targets.ts";
import { countWholePlates, locatorLoss, readerLoss } from "./losses.ts";

/** The value and the gradient of a function of scores and labels. */
async function evaluate(loss: LossFunction, scores: Tensor<"float32">, labels: Tensor, wantsGradient = true) {
  const g = createGraphBuilder("loss");
  const x = g.input("scores", "float32", scores.shape);
  const value = loss(g, x, g.input("labels", "int64", labels.shape));
  g.output("loss", value);
  const names = wantsGradient ? ["loss", "gradient"] : ["loss"];
  if (wantsGradient) g.output("gradient", addGradients(g, value, [x])[0]!);
  const session = await createNodeRuntime().load(encodeModel(toModel(portable.lower(g.finish()).write())), {
    threads: 1,
  });
  const at = async (point: Float32Array): Promise<readonly Float32Array[]> => {
    const found = await session.run({ scores: float32(scores.shape, point), labels }, names);
    return Promise.all(names.map(async (name) => (await found[name].read()).data as Float32Array));
  };
  const [[own], gradient] = await at(scores.data);
  return { value: own, gradient, at: async (point: Float32Array) => (await at(point))[0][0], session };
}

const draw = (shape: Shape, seed: number): Tensor<"float32"> => {
  const stream = randomStream(seed, "scores");
  return float32(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => stream.normal()),
  );
};

const plates = [labelPlate("京A12345", "blue"), labelPlate("沪AD12345")];
const labels = int64([2, SLOTS], plates.flat());

test("the reader's loss is the mean cross-entropy of the slots, and those without a label cost nothing", async () => {
  const scores = draw([2, SLOT_CLASSES + 4, SLOTS], 1);
  let sum = 0;
  plates.forEach((plate, n) =>
    plate.forEach((label, slot) => {
      if (label === UNLABELLED) return;
      const at = (kind: number): number => scores.data[(n * (SLOT_CLASSES + 4) + kind) * SLOTS + slot];
      const all = Array.from({ length: SLOT_CLASSES }, (_, kind) => Math.exp(at(kind))).reduce((a, b) => a + b);
      sum += Math.log(all) - at(label);
    }),
  );
  const found = await evaluate(readerLoss, scores, labels);
  expect(found.value).toBeCloseTo(sum / (2 * SLOTS), 4);
  const check = await checkGradient(found.at, scores.data, found.gradient, { floor: 1e-3 });
  expect(check.relativeError).toBeLessThan(2e-2);
  await found.session.release();
});

test("a plate counts as right if its eight characters are, whatever its colour", async () => {
  const scores = float32([2, SLOT_CLASSES + 4, SLOTS], new Float32Array(2 * (SLOT_CLASSES + 4) * SLOTS));
  const favour = (n: number, slot: number, kind: number): void => {
    scores.data[(n * (SLOT_CLASSES + 4) + kind) * SLOTS + slot] += 1;
  };
  plates.forEach((plate, n) => plate.forEach((label, slot) => label !== UNLABELLED && favour(n, slot, label)));
  const count = async (): Promise<number> => {
    const { value, session } = await evaluate(countWholePlates, scores, labels, false);
    await session.release();
    return value;
  };
  expect(await count()).toBe(2);
  favour(0, SLOTS - 1, 3);
  favour(0, SLOTS - 1, 3);
  expect(await count()).toBe(2);
  favour(1, 3, 5);
  favour(1, 3, 5);
  expect(await count()).toBe(1);
});

test("the locator's loss has the gradient that finite differences measure, and is small where the scores are right", async () => {
  const extent = { width: 12, height: 8 };
  const points = extent.width * extent.height;
  const targets = new BigInt64Array(11 * points);
  const corners = [
    [10, 8],
    [38, 10],
    [37, 20],
    [11, 18],
  ] as const;
  writeLocatorTargets([{ corners, rows: 1 }], extent, targets);
  const wanted = tensor("int64", [1, 11, extent.height, extent.width], targets);
  const scores = draw([1, 10, extent.height, extent.width], 2);
  const found = await evaluate(locatorLoss, scores, wanted);
  const check = await checkGradient(found.at, scores.data, found.gradient, { floor: 1e-2 });
  expect(check.relativeError).toBeLessThan(2e-2);
  const right = new Float32Array(10 * points);
  for (let at = 0; at < points; at++) {
    right[at] = targets[at] === 1000n ? 12 : -12;
    for (let axis = 0; axis < 8; axis++)
      right[(1 + axis) * points + at] = Number(targets[(3 + axis) * points + at]) / 512;
    right[9 * points + at] = -12;
  }
  expect(await found.at(right)).toBeLessThan(1e-3);
  expect(found.value).toBeGreaterThan(1);
  await found.session.release();
});
