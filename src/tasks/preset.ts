import type { ModelOptions } from "../nn/model-options.ts";
import { findModelPlan } from "../nn/models.ts";
import type { Recipe } from "../train/recipe.ts";
import {
  optimizerIn,
  type RecipeFields,
  type RecipeStart,
  standardRecipe,
  withRecipeFields,
} from "../train/standard-recipe.ts";

/** A whole training under one name: network and recipe. A task adds what it alone knows. */
export interface TrainingPreset {
  readonly model: string;
  readonly modelOptions: ModelOptions;
  readonly recipe: Recipe;
}

/** A network by name, with its options. */
export interface NamedNetwork {
  readonly model: string;
  readonly modelOptions: ModelOptions;
}

/**
 * The preset's network, with what was said in its place. A network that takes the same options as the preset's, such as a deeper
 * one, keeps them; any other one has `others`.
 */
export function presetNetwork(
  preset: TrainingPreset,
  { model = preset.model, modelOptions }: { readonly model?: string; readonly modelOptions: ModelOptions },
  others: ModelOptions = {},
): NamedNetwork {
  const accepted = [model, preset.model].map((name) => findModelPlan(name).plan.accepts.join());
  const isSibling = accepted[0] === accepted[1];
  return { model, modelOptions: { ...(isSibling ? preset.modelOptions : others), ...modelOptions } };
}

/**
 * The preset's recipe, with the fields that were said in their place. Another optimizer brings the rate that suits it, and AdamW, whose steps are
 * as large for every parameter, no rate of its own for biases. A network
 * that is trained already takes the rate and the epochs of fine-tuning: a preset's rate destroyed ready ones, whose batch norms are
 * folded, within three steps.
 */
export function presetRecipe(preset: TrainingPreset, given: RecipeFields, start: RecipeStart = "fresh"): Recipe {
  const { optimizer, learningRate, biasRate: _, ...withoutBiasRate } = preset.recipe;
  const wanted = optimizerIn(given) ?? optimizer.name;
  const recipe: Recipe = wanted === "adamw" ? { ...withoutBiasRate, optimizer, learningRate } : preset.recipe;
  if (start === "tuned") {
    const { epochs, learningRate: rate } = standardRecipe(start, wanted);
    return withRecipeFields({ ...recipe, epochs, learningRate: rate }, given);
  }
  const rate = wanted === optimizer.name ? learningRate : standardRecipe("fresh", wanted).learningRate;
  return withRecipeFields({ ...recipe, learningRate: rate }, given);
}
