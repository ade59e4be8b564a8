import * as ort from "onnxruntime-web/wasm";
import { expect, test } from "vitest";
import { createModel } from "../../src/nn/models.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { createWebRuntime } from "../../src/runtime/web.ts";
import { int64 } from "../../src/tensor/tensor.ts";
import { createTrainer } from "../../src/train/trainer.ts";
import convnext from "../golden/convnext.json" with { type: "json" };
import golden from "../golden/networks.json" with { type: "json" };
import regnet from "../golden/regnet.json" with { type: "json" };
import res2net from "../golden/res2net.json" with { type: "json" };
import resnest from "../golden/resnest.json" with { type: "json" };
import { calmState, noiseState, noiseTensor } from "../support/noise.ts";

const { losses, seed } = golden.trajectories.find(({ name }) => name === "sgd")!;
const STEPS = 6;

test("training steps in the browser follow PyTorch's losses", async () => {
  const { module } = createModel("resnet8");
  const optimizer = sgd({ momentum: 0.9, weightDecay: 5e-4 });
  const runtime = createWebRuntime({ ort, threads: 2 });
  const trainer = await createTrainer({ runtime, module, imageShape: [3, 16, 16], batch: 8, optimizer, seed: 0 });
  trainer.load(noiseState(module, seed), 0);
  for (let step = 0; step < STEPS; step++) {
    const images = noiseTensor(9000 + (step % 4), [8, 3, 16, 16]);
    const labels = int64(
      [8],
      Array.from({ length: 8 }, (_, sample) => (sample + step) % 10),
    );
    const { loss } = await trainer.step({ images, labels }, 0.05);
    // Float32 in another order of sums; PyTorch's own float32 stays within 1e-6 of its float64.
    expect(Math.abs(loss - losses[step]), `step ${step}`).toBeLessThan(1e-4);
  }
  await trainer.release();
});

const families = [
  { ...convnext.cases[0], spared: [] },
  { ...regnet.cases[0], spared: regnet.spared },
  { ...res2net.cases[0], spared: res2net.spared },
  { ...resnest.cases[0], spared: resnest.spared },
];

test.each(families)("$model: the first step in the browser has PyTorch's loss", async (first) => {
  const { model, seed: weights, inputSeed, size, batch, classes, loss: expected, calm, spared } = first;
  const { module } = createModel(model, { classes });
  const runtime = createWebRuntime({ ort, threads: 2 });
  const imageShape = [3, size, size];
  const trainer = await createTrainer({ runtime, module, imageShape, batch, optimizer: sgd(), seed: 0 });
  trainer.load(calm ? calmState(module, weights, spared) : noiseState(module, weights), 0);
  const labels = int64(
    [batch],
    Array.from({ length: batch }, (_, index) => (index * 7) % classes),
  );
  const { loss } = await trainer.step({ images: noiseTensor(inputSeed, [batch, ...imageShape]), labels }, 0.05);
  expect(Math.abs(loss - expected)).toBeLessThan(1e-4);
  await trainer.release();
});
