import { expect, test } from "vitest";
import starts from "../../test/golden/fixup-starts.json" with { type: "json" };
import { runGraph } from "../../test/support/run-graph.ts";
import { noiseTensor } from "../../test/support/noise.ts";
import { buildInference } from "../compile/inference.ts";
import { stepNames } from "../compile/step/names.ts";
import { describeModule } from "./describe.ts";
import { initializeState } from "./initialization.ts";
import type { ModelOptions } from "./model-options.ts";
import { createModel } from "./models.ts";
import { randomStream } from "../tensor/random.ts";
import { parametersOf } from "./module.ts";

const statistics = (values: Float32Array): readonly [mean: number, deviation: number] => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return [mean, Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)];
};

test.each(starts.cases)("$model $options: Fixup's parameters start as the authors' rule has them", (one) => {
  const { module } = createModel(one.model, one.options as ModelOptions);
  const state = initializeState(module, 5);
  expect([...parametersOf(module).keys()].toSorted()).toEqual(Object.keys(one.parameters).toSorted());
  for (const [name, { mean, deviation }] of Object.entries(one.parameters)) {
    const values = state.get(name)!.data;
    const [own, spread] = statistics(values);
    // Means and deviations of two sets of n draws differ by about σ/√n; five times that is chance no longer.
    const chance = (5 * deviation) / Math.sqrt(values.length);
    expect(Math.abs(own - mean), name).toBeLessThanOrEqual(chance);
    expect(Math.abs(spread - deviation), name).toBeLessThanOrEqual(chance);
  }
});

test.each([
  ["resnet20", "layer2.1.conv1.weight", 9 ** (-1 / 2)],
  ["resnet20", "layer2.0.downsample.0.weight", 1],
  ["resnet20", "conv1.weight", 1],
  ["resnet50", "layer1.2.conv1.weight", 16 ** (-1 / 4)],
  ["resnet50", "layer1.2.conv2.weight", 16 ** (-1 / 4)],
  ["resnext50_32x4d", "layer1.2.conv2.weight", 16 ** (-1 / 4)],
])("%s: %s starts at %f times He's values", (name, parameter, factor) => {
  const [fixed, usual] = (["fixup", "batch"] as const).map((norm) => {
    const { shape, initialize } = parametersOf(createModel(name, { norm }).module).get(parameter)!;
    return initialize(shape, randomStream(3, parameter));
  });
  const missed = fixed.reduce((most, value, index) => Math.max(most, Math.abs(value - factor * usual[index])), 0);
  expect(missed).toBeLessThan(1e-7);
});

test("a network with Fixup starts with equal scores for all classes, one with SkipInit as its shortcuts", async () => {
  const scoresOf = async (options: ModelOptions): Promise<readonly number[]> => {
    const { module } = createModel("resnet20", { shortcut: "pad", ...options });
    const inference = buildInference(module, [3, 32, 32], initializeState(module, 2));
    const results = await runGraph(inference, { images: noiseTensor(1, [2, 3, 32, 32]) });
    return [...(results[stepNames.scores].data as Float32Array)];
  };
  expect(await scoresOf({ norm: "fixup" })).toEqual(Array.from({ length: 20 }, () => 0));
  const skipped = await scoresOf({ norm: "none", layerScale: "scalar" });
  expect(new Set(skipped).size).toBe(20);
});

test("no batch norm is left, and blocks are found and drawn as others", () => {
  for (const options of [{ norm: "fixup" }, { norm: "none", layerScale: "scalar" }] as const) {
    const { modules, blocks } = describeModule(createModel("resnet50", options).module, [3, 64, 64]);
    expect(modules.filter(({ kind }) => kind === "BatchNorm")).toEqual([]);
    expect(blocks.map(({ shortcut }) => shortcut)).toEqual(
      [3, 4, 6, 3].flatMap((count) =>
        Array.from({ length: count }, (_, block) => (block === 0 ? "projection" : "identity")),
      ),
    );
  }
  const { modules } = describeModule(
    createModel("resnetv2_50", { norm: "none", layerScale: "scalar" }).module,
    [3, 64, 64],
  );
  expect(modules.filter(({ kind }) => kind === "BatchNorm")).toEqual([]);
});

test.each([
  ["resnet20", { norm: "fixup", shortcut: "plain" }, 'shortcut: must be "pad" or "project" without batch norm'],
  ["resnet20", { norm: "fixup", shortcut: "project-all" }, 'shortcut: must be "pad" or "project"'],
  ["resnet20", { norm: "fixup", shortcut: "gated" }, 'shortcut: must be "pad" or "project"'],
  ["resnet20", { norm: "fixup", layerScale: "scalar" }, "layerScale: must be none with Fixup"],
  ["resnet20", { norm: "fixup", zeroInitResidual: true }, 'zeroInitResidual: applies only with "norm" of batch'],
  ["resnet20", { norm: "fixup", diracInit: true }, "diracInit: must be false with Fixup"],
  ["resnet20", { norm: "fixup", normEpsilon: 1e-3 }, 'normEpsilon: applies only with "norm" of batch'],
  ["resnet20", { norm: "fixup", projectionNorm: true }, 'projectionNorm: applies only with "norm" of batch'],
  ["seresnet50", { norm: "fixup" }, "attention: must be none with Fixup"],
  ["resnet50d", { norm: "fixup" }, "stem: must not be deep with Fixup"],
  ["resnetv2_20", { norm: "fixup" }, "norm: must be batch or none before activation"],
  ["resnet20", { norm: "none" }, 'layerScale: must be scalar (SkipInit) or channel with "norm" of none'],
  ["cbamresnet18", { norm: "none", layerScale: "scalar" }, "attention: must not be cbam"],
  [
    "resnet20",
    { norm: "none", layerScale: "scalar", layerScaleInit: 0.5 },
    "layerScaleInit: must be at most 1/√L = 0.333",
  ],
  ["resnet20", { norm: "group" }, "norm: must be one of batch, none, fixup, got group"],
  ["res2net50_26w_4s", { norm: "fixup" }, "norm: is not an option of res2net50_26w_4s"],
  ["resnest14d", { norm: "none", layerScale: "scalar" }, "norm: is not an option of resnest14d"],
  ["convnext_tiny", { norm: "fixup" }, "norm: is not an option of convnext_tiny"],
] as const)("%s with %j is refused by name", (name, options, message) => {
  expect(() => createModel(name, options as ModelOptions)).toThrow(message);
});
