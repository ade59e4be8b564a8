import type { Recipe } from "../../train/recipe.ts";
import { optimizerIn, type RecipeFields, standardRecipe, withRecipeFields } from "../../train/standard-recipe.ts";
import type { SegmentationPreset } from "./presets.ts";

/**
 * The recipe of a network that can segment already: the preset's, with the rate and the epochs of fine-tuning, and the fields that
 * were typed. The preset's rate destroyed the ready network, whose batch norms are folded, within three steps.
 */
export function fineTuningRecipe(preset: SegmentationPreset, given: RecipeFields = new Map()): Recipe {
  const { epochs, learningRate } = standardRecipe("tuned", optimizerIn(given) ?? preset.recipe.optimizer.name);
  return withRecipeFields({ ...preset.recipe, epochs, learningRate }, given);
}
