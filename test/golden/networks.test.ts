import { describe, expect, test } from "vitest";
import { buildInference } from "../../src/compile/inference.ts";
import { stepNames } from "../../src/compile/step/names.ts";
import { buildGradientStep, buildTrainingStep } from "../../src/compile/step/steps.ts";
import { exemptBiasAndNorm } from "../../src/compile/step/update.ts";
import { crossEntropy } from "../../src/nn/losses.ts";
import { createModel } from "../../src/nn/models.ts";
import type { ShortcutType } from "../../src/nn/shortcuts/type.ts";
import { adamw } from "../../src/optim/adamw.ts";
import type { Optimizer } from "../../src/optim/optimizer.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { int64, type Tensor } from "../../src/tensor/tensor.ts";
import { readGoldenJson, readGoldenTensors, relativeError } from "../support/golden.ts";
import { lowerings } from "../support/lowerings.ts";
import { noiseState, noiseTensor } from "../support/noise.ts";
import { runGraph } from "../support/run-graph.ts";
import { followLosses } from "../support/trajectory.ts";

interface Case {
  readonly name: string;
  readonly model: string;
  readonly shortcut: ShortcutType;
  readonly seed: number;
  readonly inputSeed: number;
  readonly size: number;
  readonly batch: number;
  readonly classes: number;
  readonly loss: number;
  /** Three times what PyTorch's own float32 misses its float64 by, in training mode. */
  readonly scoreLimit: number;
  readonly gradientLimit: number;
}

interface Trajectory {
  readonly name: string;
  readonly seed: number;
  readonly losses: readonly number[];
  readonly limit: number;
}

const { cases, trajectories, samples } = readGoldenJson<{
  readonly cases: readonly Case[];
  readonly trajectories: readonly Trajectory[];
  readonly samples: number;
}>("networks.json");
const golden = readGoldenTensors("networks.safetensors");
const LIMIT = 1e-5;

const floats = (value: Tensor | undefined): Float32Array => value!.data as Float32Array;

describe.each(lowerings)("$name", (lowering) => {
  test.each(cases)(
    "$name: logits, loss and gradients agree with PyTorch's",
    async (network) => {
      const { module } = createModel(network.model, { shortcut: network.shortcut, classes: network.classes });
      const imageShape = [3, network.size, network.size];
      const state = noiseState(module, network.seed);
      const images = noiseTensor(network.inputSeed, [network.batch, ...imageShape]);
      const labels = int64(
        [network.batch],
        Array.from({ length: network.batch }, (_, index) => (index * 7) % network.classes),
      );
      for (const foldBatchNorm of [true, false]) {
        const evaluated = await runGraph(
          buildInference(module, imageShape, state, { foldBatchNorm }),
          { images },
          lowering,
        );
        expect(
          relativeError(floats(evaluated[stepNames.scores]), floats(golden.get(`${network.name}/evaluate`))),
        ).toBeLessThan(LIMIT);
      }
      const step = buildGradientStep({ module, imageShape, batch: network.batch, loss: crossEntropy });
      const trained = await runGraph(step.graph, { images, labels, ...Object.fromEntries(state) }, lowering);
      expect(
        relativeError(floats(trained[stepNames.scores]), floats(golden.get(`${network.name}/train`))),
      ).toBeLessThan(Math.max(network.scoreLimit, LIMIT));
      expect(Math.abs(floats(trained[stepNames.loss])[0] - network.loss)).toBeLessThan(
        Math.max(network.scoreLimit, LIMIT) * network.loss,
      );
      for (const name of step.trained.keys()) {
        const gradient = floats(trained[stepNames.gradient(name)]);
        const expected = floats(golden.get(`${network.name}/gradient/${name}`));
        const largest = expected[samples];
        for (let index = 0; index < samples; index++) {
          const difference = Math.abs(gradient[(index * 7919) % gradient.length] - expected[index]);
          expect
            .soft(difference / largest, `${name} sample ${index}`)
            .toBeLessThan(Math.max(network.gradientLimit, LIMIT));
        }
      }
    },
    120_000,
  );

  const optimizers: Readonly<
    Record<string, { readonly optimizer: Optimizer; readonly labelSmoothing?: number; readonly clipNorm?: number }>
  > = {
    sgd: { optimizer: sgd({ momentum: 0.9, weightDecay: 5e-4 }) },
    "sgd-nesterov-clip-smoothing": {
      optimizer: sgd({ momentum: 0.9, weightDecay: 5e-4, nesterov: true }),
      labelSmoothing: 0.1,
      clipNorm: 1,
    },
    adamw: { optimizer: adamw({ weightDecay: 0.05 }) },
  };

  test.each(trajectories)(
    "20 steps of $name follow PyTorch's losses",
    async ({ name, seed, losses, limit }) => {
      const { optimizer, labelSmoothing = 0, clipNorm } = optimizers[name];
      const rate = name === "adamw" ? 0.003 : 0.05;
      const { module } = createModel("resnet8");
      const step = buildTrainingStep({
        module,
        imageShape: [3, 16, 16],
        batch: 8,
        loss: (g, scores, labels) => crossEntropy(g, scores, labels, { labelSmoothing }),
        optimizer,
        ...(clipNorm === undefined ? {} : { clipNorm }),
      });
      const found = await followLosses({ step, module, optimizer, lowering, seed, rate }, losses.length);
      for (const [index, expected] of losses.entries())
        expect.soft(Math.abs(found[index] - expected), `step ${index}`).toBeLessThan(limit);
    },
    60_000,
  );
});

test("the usual exemptions from decay are biases and batch norm", () => {
  const { module } = createModel("resnet8");
  const step = buildGradientStep({ module, imageShape: [3, 16, 16], batch: 2, loss: crossEntropy });
  const exempt = [...step.trained].filter(([name, spec]) => exemptBiasAndNorm(name, spec)).map(([name]) => name);
  expect(exempt.every((name) => /bn\d\.|downsample\.1\.|\.bias$/.test(name))).toBe(true);
  expect(exempt.length).toBe(
    step.trained.size -
      [...step.trained.keys()].filter((name) => /(conv\d|downsample\.0|fc)\.weight$/.test(name)).length,
  );
});
