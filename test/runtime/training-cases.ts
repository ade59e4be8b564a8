import { expect } from "vitest";
import { toModel } from "../../src/compile/inference.ts";
import { stepNames } from "../../src/compile/step/names.ts";
import { buildGradientStep } from "../../src/compile/step/steps.ts";
import { crossEntropy } from "../../src/nn/losses.ts";
import { createModel } from "../../src/nn/models.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { int64 } from "../../src/tensor/tensor.ts";
import { createTrainer } from "../../src/train/trainer.ts";
import { decodeSafetensors } from "../../src/weights/safetensors/safetensors.ts";
import golden from "../golden/networks.json" with { type: "json" };
import { noiseState, noiseTensor } from "../support/noise.ts";
import type { RuntimeCase } from "./case.ts";

const STEPS = 3;
/** Float32 in whichever order a backend sums; three times what PyTorch's own float32 misses its float64 by is the least. */
const LIMIT = 1e-4;

const network = golden.cases.find(({ name }) => name === "resnet20-pad")!;
const trajectory = golden.trajectories.find(({ name }) => name === "sgd")!;

/** A whole network's gradients and steps, against what PyTorch computed in float64. */
export const trainingCases: readonly RuntimeCase[] = [
  {
    name: "loss and gradients of a resnet20 agree with PyTorch's float64",
    check: async ({ load, lowering, readGolden }) => {
      const { tensors } = decodeSafetensors(await readGolden("networks.safetensors"), "networks.safetensors");
      const { module } = createModel("resnet20", { shortcut: "pad" });
      const imageShape = [3, network.size, network.size];
      const { batch } = network;
      const step = buildGradientStep({ module, imageShape, batch, loss: crossEntropy });
      const lowered = lowering.lower(step.graph);
      const session = await load(encodeModel(toModel(lowered.write())));
      const labels = int64(
        [batch],
        Array.from({ length: batch }, (_, index) => (index * 7) % network.classes),
      );
      const results = await session.run({
        ...Object.fromEntries(
          [...noiseState(module, network.seed)].filter(([name]) => session.inputNames.includes(name)),
        ),
        images: noiseTensor(network.inputSeed, [batch, ...imageShape]),
        labels: lowered.layouts.get(stepNames.labels)?.pack(labels) ?? labels,
      });
      const floats = async (name: string) => (await results[name].read()).data as Float32Array;
      const [loss] = await floats(stepNames.loss);
      expect(Math.abs(loss - network.loss)).toBeLessThan(LIMIT * network.loss);
      for (const name of step.trained.keys()) {
        const gradient = await floats(stepNames.gradient(name));
        const expected = tensors.get(`resnet20-pad/gradient/${name}`)!.data as Float32Array;
        const largest = expected[golden.samples];
        for (let index = 0; index < golden.samples; index++) {
          const difference = Math.abs(gradient[(index * 7919) % gradient.length] - expected[index]);
          expect.soft(difference / largest, `${name} sample ${index}`).toBeLessThan(LIMIT);
        }
      }
      for (const result of Object.values(results)) result.dispose();
    },
  },
  {
    name: "training steps follow PyTorch's losses, what is kept staying with the runtime",
    check: async ({ runtime, load, lowering }) => {
      const { module } = createModel("resnet8");
      const optimizer = sgd({ momentum: 0.9, weightDecay: 5e-4 });
      const trainer = await createTrainer({
        runtime: { ...runtime, load },
        module,
        imageShape: [3, 16, 16],
        batch: 8,
        optimizer,
        lowering,
        seed: 0,
      });
      trainer.load(noiseState(module, trajectory.seed), 0);
      for (let step = 0; step < STEPS; step++) {
        const labels = Array.from({ length: 8 }, (_, sample) => (sample + step) % 10);
        const batch = { images: noiseTensor(9000 + (step % 4), [8, 3, 16, 16]), labels: int64([8], labels) };
        const { loss } = await trainer.step(batch, 0.05);
        expect(Math.abs(loss - trajectory.losses[step]), `step ${step}`).toBeLessThan(LIMIT);
      }
      const state = await trainer.state();
      expect([...state.values()].every(({ data }) => data.every(Number.isFinite))).toBe(true);
      await trainer.release();
    },
  },
];
