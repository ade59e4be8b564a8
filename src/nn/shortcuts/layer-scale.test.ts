import { expect, test } from "vitest";
import { runGraph } from "../../../test/support/run-graph.ts";
import { buildInference } from "../../compile/inference.ts";
import { stepNames } from "../../compile/step/names.ts";
import { float32 } from "../../tensor/tensor.ts";
import { initializeState } from "../initialization.ts";
import type { ModelOptions } from "../model-options.ts";
import { createModel, modelNames, findModelPlan } from "../models.ts";
import { countParameters } from "../module.ts";

const images = float32(
  [1, 3, 16, 16],
  Float32Array.from({ length: 768 }, (_, index) => Math.sin(index)),
);

async function scoresOf(options: ModelOptions): Promise<Float32Array> {
  const { module } = createModel("resnet8", options);
  const result = await runGraph(buildInference(module, [3, 16, 16], initializeState(module, 1)), { images });
  return result[stepNames.scores].data as Float32Array;
}

const count = (model: string, options: ModelOptions): number => countParameters(createModel(model, options).module);

test("has one parameter per block, or one per channel of each block's output", () => {
  const without = count("resnet20", {});
  expect(count("resnet20", { layerScale: "scalar" }) - without).toBe(9);
  expect(count("resnet20", { layerScale: "channel" }) - without).toBe(3 * (16 + 32 + 64));
  expect(count("resnet50", { layerScale: "channel" }) - count("resnet50", {})).toBe(
    3 * 256 + 4 * 512 + 6 * 1024 + 3 * 2048,
  );
});

test("a factor that starts at 1 leaves every bit of the scores as it is", async () => {
  const scores = await scoresOf({});
  for (const layerScale of ["scalar", "channel"] as const)
    expect(await scoresOf({ layerScale, layerScaleInit: 1 })).toEqual(scores);
});

test("a factor that starts at 0 leaves only the shortcuts, as a last batch norm that starts at 0 does", async () => {
  const shortcuts = await scoresOf({ zeroInitResidual: true });
  // The runtime folds that batch norm into its convolution, and so rounds otherwise.
  (await scoresOf({ layerScale: "scalar" })).forEach((score, index) => expect(score).toBeCloseTo(shortcuts[index], 5));
});

const adding = modelNames.filter((name) => findModelPlan(name).plan.accepts.includes("layerScale"));

test.each(adding.filter((name) => /^(resnet20|resnetv2_20|wrn-16-4|resgru2|resnet10-3d|plate-reader)$/.test(name)))(
  "%s has it",
  (name) => {
    expect(count(name, { layerScale: "scalar" })).toBeGreaterThan(count(name, {}));
  },
);

test.each([
  [{ layerScaleInit: 1 }, 'layerScaleInit: applies only with "layerScale" of scalar or channel'],
  [{ shortcut: "plain", layerScale: "scalar" }, /^layerScale: needs a shortcut/],
  [{ zeroInitResidual: true, layerScale: "scalar" }, /^layerScale: starts at 0, and so does zeroInitResidual/],
  [{ layerScale: "both" }, "layerScale: must be one of none, scalar, channel, got both"],
] as const)("%j is refused by name", (options, message) => {
  expect(() => createModel("resnet20", options as ModelOptions)).toThrow(message);
});

test("what starts above 0 goes together with a batch norm that starts at 0", () => {
  expect(count("resnet20", { zeroInitResidual: true, layerScale: "channel" })).toBeGreaterThan(0);
});
