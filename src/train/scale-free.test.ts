import { expect, test } from "vitest";
import { createModel } from "../nn/models.ts";
import { OptionError } from "../tensor/errors.ts";
import { planFineTuning } from "./fine-tuning.ts";
import { defaultRecipe, type Recipe } from "./recipe.ts";
import { scaleFreeFilters } from "./scale-free.ts";

const none = (): boolean => false;
const sample = [3, 32, 32];

test("all filters of a ResNet are scale-free, those of its projections too; the classifier is not", () => {
  const { module } = createModel("resnet8");
  expect([...scaleFreeFilters(module, sample, none)]).toEqual([
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
  const gated = scaleFreeFilters(createModel("resnet8", { shortcut: "gated" }).module, sample, none);
  expect([...gated].filter((name) => name.includes("gate"))).toEqual([]);
  expect(gated.has("layer1.0.conv2.weight")).toBe(true);
  // Before activation, a block's second convolution and its projection go straight into the sum.
  const before = scaleFreeFilters(createModel("resnetv2_20").module, sample, none);
  expect([...before].filter((name) => /conv2|downsample|stem/.test(name))).toEqual([]);
  expect(before.size).toBe(9);
  expect(scaleFreeFilters(createModel("resnet8", { norm: "fixup", shortcut: "pad" }).module, sample, none).size).toBe(
    0,
  );
});

test("a frozen batch norm divides by its running statistics, so that filters before it are not", () => {
  const { module } = createModel("resnet8");
  const filters = scaleFreeFilters(module, sample, (name) => name.startsWith("bn1."));
  expect(filters.has("conv1.weight")).toBe(false);
  expect(filters.size).toBe(8);
});

const plan = (optimizer: Recipe["optimizer"], model: string, options = {}) =>
  planFineTuning({ ...defaultRecipe, optimizer }, createModel(model, options).module, { stepsPerEpoch: 10, sample });

test("Muon is told which filters to rescale, and refused where there are none", () => {
  const unit = { name: "muon", unitFilters: true } as const;
  const { scaleFree } = plan(unit, "resnet8").optionsOf(0);
  expect(scaleFree!("conv1.weight")).toBe(true);
  expect(scaleFree!("fc.weight")).toBe(false);
  expect(plan({ name: "muon" }, "resnet8").optionsOf(0).scaleFree).toBeUndefined();
  expect(() => plan(unit, "resnet8", { norm: "fixup", shortcut: "pad" })).toThrow(OptionError);
  expect(() => plan(unit, "resnet8", { norm: "fixup", shortcut: "pad" })).toThrow(
    /^unitFilters: has no filter to apply to: a batch norm follows none that is trained; leave it out$/,
  );
});
