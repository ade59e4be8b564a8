import { expect, test } from "vitest";
import { OptionError } from "../tensor/errors.ts";
import { defaultRecipe, type Recipe } from "./recipe.ts";
import { createOptimizer, createRecipeSchedule, stepOptionsOf } from "./recipe-step.ts";
import { requireRecipe } from "./recipe-check.ts";

test("the default recipe is in order", () => {
  expect(() => requireRecipe(defaultRecipe)).not.toThrow();
});

test.each([
  ["epochs", { epochs: 1.5 }, "epochs"],
  ["batch", { batch: 0 }, "batch"],
  ["learning rate", { learningRate: Number.NaN }, "learningRate"],
  ["label smoothing", { labelSmoothing: 1.1 }, "labelSmoothing"],
  ["clip norm", { clipNorm: 0 }, "clipNorm"],
  ["momentum", { optimizer: { name: "sgd", momentum: 2 } as const }, "optimizer.momentum"],
])("a recipe with a wrong %s is refused by its name", (_, change, where) => {
  const refuse = (): void => requireRecipe({ ...defaultRecipe, ...change });
  expect(refuse).toThrow(OptionError);
  expect(refuse).toThrow(new RegExp(`^${where}: must be `));
});

test.each([
  [{ name: "sgd", momentum: 0, nesterov: true }, "optimizer.nesterov: needs a momentum above 0"],
  [{ name: "muon", decoupledDecay: true }, "optimizer.decoupledDecay: needs a weight decay above 0"],
  [
    { name: "adamw", momentum: 0.9 },
    "optimizer.momentum: is not an option of adamw; leave it out, or choose an optimizer that has it: sgd, muon",
  ],
  [{ name: "adamw", beta3: 0.9 }, "optimizer.beta3: is not an option of adamw; it takes beta1, beta2, weightDecay"],
])("%j is refused", (optimizer, message) => {
  const recipe = { ...defaultRecipe, optimizer: optimizer as Recipe["optimizer"] };
  const refuse = (): void => requireRecipe(recipe);
  expect(refuse).toThrow(OptionError);
  expect(refuse).toThrow(message);
});

test("a recipe names its optimizer and what of it decays", () => {
  expect(createOptimizer(defaultRecipe).state).toEqual(["momentum"]);
  expect(createOptimizer({ optimizer: { name: "adamw" } }).state).toEqual(["firstMoment", "secondMoment"]);
  expect(stepOptionsOf(defaultRecipe).exempt).toBeUndefined();
  const spared = stepOptionsOf({ ...defaultRecipe, decaySparesNorms: true }).exempt!;
  const initialize = (): Float32Array => new Float32Array();
  expect(spared("bn1.weight", { shape: [1], role: "norm", initialize })).toBe(true);
  expect(spared("conv1.weight", { shape: [1], role: "weight", initialize })).toBe(false);
});

test("a recipe's schedule rises over the warm-up and ends with the last step", () => {
  const schedule = createRecipeSchedule({ ...defaultRecipe, schedule: "cosine", learningRate: 1, warmupSteps: 4 }, 24);
  expect([0, 1, 2, 3].map(schedule)).toEqual([0.2, 0.4, 0.6, 0.8]);
  expect(schedule(4)).toBe(1);
  expect(schedule(14)).toBeCloseTo(0.5, 12);
});
