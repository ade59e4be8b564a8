import { expect, test } from "vitest";
import { createModel } from "../../nn/models.ts";
import { requireRecipe } from "../../train/recipe-check.ts";
import type { RecipeField } from "../../train/recipe-options.ts";
import { startClassification } from "./node/start.ts";
import { presetRecipe } from "../preset.ts";
import { fastPresets } from "./presets.ts";
import type { ClassifyTrainOptions } from "./train-options.ts";

const startOn = (
  data: string,
  options: ClassifyTrainOptions = {},
  {
    given = [],
    ...start
  }: { given?: [RecipeField, unknown][]; model?: string; shortcut?: "project"; from?: string } = {},
) => {
  const { shortcut, ...rest } = start;
  return startClassification({
    start: { data, modelOptions: shortcut === undefined ? {} : { shortcut }, ...rest },
    given: new Map(given),
    options: { preset: "fast", ...options },
  });
};

test.each(Object.entries(fastPresets))("the preset for %s has a network and a recipe that exist", (data, preset) => {
  expect(() => createModel(preset.model, preset.modelOptions)).not.toThrow();
  expect(() => requireRecipe(preset.recipe)).not.toThrow();
  const { model, modelOptions, recipe, augmentation, validation } = startOn(data === "folder" ? "photos" : data);
  expect({ model, modelOptions, recipe, augmentation, validation }).toEqual({ validation: undefined, ...preset });
});

test("what is said takes the place of the preset's parts, and only of those", () => {
  const { mnist } = fastPresets;
  const { modelOptions, recipe } = startOn("mnist", {}, { given: [["epochs", 2]], shortcut: "project" });
  expect(modelOptions).toEqual({ ...mnist!.modelOptions, shortcut: "project" });
  expect(recipe).toEqual({ ...mnist!.recipe, epochs: 2 });
});

test("a network of the same kind keeps the preset's options, another one has none of them", () => {
  expect(startOn("mnist", {}, { model: "resnet20" }).modelOptions).toEqual(fastPresets.mnist!.modelOptions);
  expect(startOn("mnist", {}, { model: "resnet18" }).modelOptions).toEqual({});
});

test("images are varied as the preset says, as is usual for the data, or not at all", () => {
  const { mnist } = fastPresets;
  expect(startOn("mnist", { augment: true }).augmentation).toEqual({ cropPadding: 4, flip: false });
  const plain = startOn("mnist", { augment: false });
  expect(plain.augmentation).toEqual({ cropPadding: 0, flip: false });
  expect(mnist!.recipe.rotation).toBeGreaterThan(0);
  expect(plain.recipe.rotation).toBeUndefined();
  expect(startOn("mnist", { augment: false }, { given: [["rotation", 5]] }).recipe.rotation).toBe(5);
});

test("data without a recipe, trained weights and unknown names are refused by name", () => {
  expect(() => startOn("cifar100")).toThrow('preset: "fast" has no recipe for cifar100, it has one for mnist');
  expect(() => startOn("mnist", {}, { from: "trained.onnx" })).toThrow('preset: "fast" starts from fresh weights');
  expect(() => startOn("mnist", { preset: "quick" as "fast" })).toThrow(
    'preset: unknown value "quick"; must be one of fast',
  );
});

test.each(["fresh", "tuned"] as const)(
  "a %s start with another optimizer: AdamW has no rate of its own for biases",
  (start) => {
    const preset = fastPresets.cifar10!;
    const biasRateWith = (name: string) =>
      presetRecipe(preset, new Map<RecipeField, unknown>([["optimizer.name", name]]), start).biasRate;
    expect(biasRateWith("adamw")).toBeUndefined();
    expect(biasRateWith("sgd")).toBe(64);
  },
);
