import { expect, test } from "vitest";
import { isOptimizerPart, recipeFields, recipeOptions, withRecipeValue } from "../train/recipe-options.ts";
import { standardRecipe, withRecipeFields } from "../train/standard-recipe.ts";
import { fieldsOf, type RecipeOptions } from "./train-options.ts";

const trials = recipeFields.flatMap((field) => recipeOptions[field].trial.values.map((value) => ({ field, value })));

test.each(trials)("$field = $value reaches the recipe as it was given", ({ field, value }) => {
  const { beside = {} } = recipeOptions[field].trial;
  const name = beside.optimizer?.name ?? (field === "optimizer.name" ? undefined : "sgd");
  const given: RecipeOptions = isOptimizerPart(field)
    ? { optimizer: { ...(name === undefined ? {} : { name }), [field.slice("optimizer.".length)]: value } }
    : { [field]: value };
  const standard = standardRecipe("fresh");
  const base = withRecipeFields(standard, fieldsOf(beside));
  expect(withRecipeFields(standard, fieldsOf(given))).toEqual(withRecipeValue(base, field, value));
});

test("without a momentum, Nesterov's is off unless it is asked for", () => {
  const optimizerOf = (options: object) =>
    withRecipeFields(standardRecipe("fresh"), fieldsOf({ optimizer: { name: "sgd", momentum: 0, ...options } }))
      .optimizer;
  expect(optimizerOf({})).toEqual({ name: "sgd", momentum: 0, nesterov: false, weightDecay: 5e-4 });
  expect(optimizerOf({ nesterov: true })).toMatchObject({ momentum: 0, nesterov: true });
});

test("fields that are undefined are left to the standard", () => {
  expect(fieldsOf({ epochs: 3, patience: undefined } as object)).toEqual(new Map([["epochs", 3]]));
});
