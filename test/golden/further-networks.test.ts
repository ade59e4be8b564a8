import { describe, expect, test } from "vitest";
import { buildInference } from "../../src/compile/inference.ts";
import { stepNames } from "../../src/compile/step/names.ts";
import { buildGradientStep } from "../../src/compile/step/steps.ts";
import type { ModelOptions } from "../../src/nn/model-options.ts";
import { createModel } from "../../src/nn/models.ts";
import { countParameters } from "../../src/nn/module.ts";
import { zeros, type Tensor } from "../../src/tensor/tensor.ts";
import { readGoldenJson, readGoldenTensors, relativeError } from "../support/golden.ts";
import { lowerings } from "../support/lowerings.ts";
import { noiseState, noiseTensor } from "../support/noise.ts";
import { runGraph } from "../support/run-graph.ts";

interface Case {
  readonly name: string;
  readonly model: string;
  readonly options: ModelOptions;
  readonly seed: number;
  /** Of the input, the batch first. */
  readonly shape: readonly [number, ...number[]];
  readonly parameters: number;
}

const { cases, samples } = readGoldenJson<{ readonly cases: readonly Case[]; readonly samples: number }>(
  "further-networks.json",
);
const golden = readGoldenTensors("further-networks.safetensors");
const SCORE_LIMIT = 1e-5;
/** In training mode a relu that rounding switches changes all gradients before it: more is allowed where PyTorch's float32 misses more. */
const GRADIENT_LIMIT = 1e-3;

const floats = (value: Tensor | undefined): Float32Array => value!.data as Float32Array;

describe.each(lowerings)("$name", (lowering) => {
  test.each(cases)(
    "$name: parameters, scores and gradients agree with PyTorch's",
    async (network) => {
      const { module } = createModel(network.model, network.options);
      expect(countParameters(module)).toBe(network.parameters);
      const [batch, ...imageShape] = network.shape;
      const state = noiseState(module, network.seed);
      const images = noiseTensor(network.seed + 1000, network.shape);
      const evaluated = await runGraph(buildInference(module, imageShape, state), { images }, lowering);
      expect(
        relativeError(floats(evaluated[stepNames.scores]), floats(golden.get(`${network.name}/evaluate`))),
      ).toBeLessThan(SCORE_LIMIT);
      const expected = golden.get(`${network.name}/train`)!;
      const weights = noiseTensor(network.seed + 2000, expected.shape);
      const step = buildGradientStep({
        module,
        imageShape,
        batch,
        loss: (g, scores) => g.op("ReduceSum", [g.op("Mul", [scores, g.constant(weights)])], { keepdims: 0 }),
      });
      const labels = step.graph.inputs.find(({ name }) => name === stepNames.labels);
      const feeds = { images, ...(labels ? { labels: zeros("int64", labels.shape as number[]) } : {}) };
      const trained = await runGraph(step.graph, { ...feeds, ...Object.fromEntries(state) }, lowering);
      expect(relativeError(floats(trained[stepNames.scores]), floats(expected))).toBeLessThan(GRADIENT_LIMIT);
      for (const name of step.trained.keys()) {
        const gradient = floats(trained[stepNames.gradient(name)]);
        const wanted = floats(golden.get(`${network.name}/gradient/${name}`));
        const [scale, missed] = wanted.subarray(samples);
        const limit = Math.max(GRADIENT_LIMIT, 3 * missed);
        for (let index = 0; index < samples; index++) {
          const difference = Math.abs(gradient[(index * 7919) % gradient.length] - wanted[index]);
          expect.soft(difference / scale, `${name} sample ${index}`).toBeLessThan(limit);
        }
      }
    },
    120_000,
  );
});

// Counted by further_networks.py's reference modules, which follow the published layouts.
test.each([
  ["resnet18-3d", 33_409_104],
  ["resnet50-3d", 47_018_576],
  ["attention-resunet", 8_202_366],
  ["resunet", 8_113_634],
  ["resnet18-fpn", 15_411_522],
  ["resnet18-unet", 14_498_370],
])("%s has %i parameters", (name, parameters) => {
  expect(countParameters(createModel(name).module)).toBe(parameters);
});

test("a pyramid and a U-Net on a ResNet give logits of the image's size, for every shortcut type, attention and depth", () => {
  for (const model of ["resnet18-fpn", "resnet50-fpn", "resnet34-unet", "attention-resnet50-unet"]) {
    for (const shortcut of ["plain", "pad", "project-all", "gated"] as const) {
      const { module } = createModel(model, { shortcut, attention: "se", channels: 2, classes: 5, stemWidth: 8 });
      const graph = buildInference(module, [2, 35, 50], noiseState(module, 1));
      expect(graph.outputs[0].shape).toEqual(["N", 5, 35, 50]);
    }
  }
});

test("a residual U-Net gives logits of the image's size, whatever that is, for every shortcut type and attention", () => {
  for (const shortcut of ["plain", "pad", "project", "project-all", "scaled", "gated"] as const) {
    for (const attention of ["none", "se", "cbam"] as const) {
      const { module } = createModel("attention-resunet", {
        shortcut,
        attention,
        channels: 2,
        classes: 3,
        stemWidth: 4,
      });
      const graph = buildInference(module, [2, 35, 50], noiseState(module, 1));
      expect(graph.outputs[0].shape).toEqual(["N", 3, 35, 50]);
    }
  }
});
