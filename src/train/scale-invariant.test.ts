import { expect, test } from "vitest";
import { relativeError } from "../../test/support/golden.ts";
import { normalTensor } from "../../test/support/compare-lowerings.ts";
import { runGraph } from "../../test/support/run-graph.ts";
import { addForward } from "../nn/forward.ts";
import { initializeState } from "../nn/initialization.ts";
import { createModel } from "../nn/models.ts";
import { createGraphBuilder } from "../onnx/builder.ts";
import { OptionError } from "../tensor/errors.ts";
import { float32 } from "../tensor/tensor.ts";
import { planFineTuning } from "./fine-tuning.ts";
import { defaultRecipe, type Recipe } from "./recipe.ts";
import { scaleInvariantFilters } from "./scale-invariant.ts";

const none = (): boolean => false;
const sample = [3, 32, 32];

test("all filters of a ResNet are scale-invariant, those of its projections too; the classifier is not", () => {
  const { module } = createModel("resnet8");
  expect([...scaleInvariantFilters(module, sample, none)]).toEqual([
    "conv1.weight",
    "layer1.0.conv1.weight",
    "layer1.0.conv2.weight",
    "layer2.0.conv1.weight",
    "layer2.0.conv2.weight",
    "layer2.0.downsample.0.weight",
    "layer3.0.conv1.weight",
    "layer3.0.conv2.weight",
    "layer3.0.downsample.0.weight",
  ]);
});

test("filters with biases, gates, and filters before an addition are not", () => {
  const gated = scaleInvariantFilters(createModel("resnet8", { shortcut: "gated" }).module, sample, none);
  expect([...gated].filter((name) => name.includes("gate"))).toEqual([]);
  expect(gated.has("layer1.0.conv2.weight")).toBe(true);
  // Before activation, a block's second convolution and its projection go straight into the sum.
  const before = scaleInvariantFilters(createModel("resnetv2_20").module, sample, none);
  expect([...before].filter((name) => /conv2|downsample|stem/.test(name))).toEqual([]);
  expect(before.size).toBe(9);
  expect(
    scaleInvariantFilters(createModel("resnet8", { norm: "fixup", shortcut: "pad" }).module, sample, none).size,
  ).toBe(0);
});

test.each([
  // Max pooling stands between convolution and norm.
  ["airbench94", 6],
  // Convolutions in groups.
  ["resnext50_32x4d", 53],
  // Attention follows the norm.
  ["seresnet18", 20],
] as const)("%s has %i", (model, count) => {
  expect(scaleInvariantFilters(createModel(model).module, [3, 64, 64], none).size).toBe(count);
});

test("a multiple of such a weight changes no score in training, of another it does", async () => {
  const { module } = createModel("airbench94", { width: 0.1, shortcut: "pad" });
  const filters = scaleInvariantFilters(module, sample, none);
  const g = createGraphBuilder("scores");
  const { output } = addForward(g, module, g.input("x", "float32", [4, ...sample]), { mode: "train" });
  g.output("scores", output);
  const graph = g.finish();
  const state = initializeState(module, 1);
  const x = normalTensor(1, "x", [4, ...sample]);
  const scoresOf = async (scaled: string | undefined): Promise<Float32Array> => {
    const feeds = Object.fromEntries(
      graph.inputs.map(({ name }) => {
        const value = state.get(name) ?? x;
        return [
          name,
          name === scaled
            ? float32(
                value.shape,
                (value.data as Float32Array).map((w) => 3 * w),
              )
            : value,
        ];
      }),
    );
    return (await runGraph(graph, feeds)).scores.data as Float32Array;
  };
  const whole = await scoresOf(undefined);
  const changeBy = async (name: string): Promise<number> => relativeError(await scoresOf(name), whole);
  for (const name of ["layer1.conv.weight", "layer1.block.conv1.weight"]) {
    expect(filters.has(name)).toBe(true);
    expect(await changeBy(name), name).toBeLessThan(1e-4);
  }
  expect(filters.has("conv1.weight")).toBe(false);
  expect(await changeBy("conv1.weight")).toBeGreaterThan(1e-2);
});

test("a frozen batch norm divides by its running statistics, so that filters before it are not", () => {
  const { module } = createModel("resnet8");
  const filters = scaleInvariantFilters(module, sample, (name) => name.startsWith("bn1."));
  expect(filters.has("conv1.weight")).toBe(false);
  expect(filters.size).toBe(8);
});

const plan = (optimizer: Recipe["optimizer"], model: string, options = {}) =>
  planFineTuning({ ...defaultRecipe, optimizer }, createModel(model, options).module, {
    steps: 4,
    stepsPerEpoch: 10,
    sample,
  });

test("Muon is told which filters to rescale, and refused where there are none", () => {
  const unit = { name: "muon", unitFilters: true } as const;
  const { scaleInvariant } = plan(unit, "resnet8").optionsOf(0);
  expect(scaleInvariant!("conv1.weight")).toBe(true);
  expect(scaleInvariant!("fc.weight")).toBe(false);
  expect(plan({ name: "muon" }, "resnet8").optionsOf(0).scaleInvariant).toBeUndefined();
  expect(() => plan(unit, "resnet8", { norm: "fixup", shortcut: "pad" })).toThrow(OptionError);
  expect(() => plan(unit, "resnet8", { norm: "fixup", shortcut: "pad" })).toThrow(
    /^unitFilters: has no filter to apply to: a batch norm follows none that is trained; leave it out$/,
  );
});
