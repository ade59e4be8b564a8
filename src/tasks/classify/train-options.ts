import type { ChannelStatistics } from "../../networks/card.ts";
import type { Recipe } from "../../train/recipe.ts";
import {
  optimizerIn,
  type RecipeFields,
  type RecipeStart,
  standardRecipe,
  withRecipeFields,
} from "../../train/standard-recipe.ts";

/** Presets by name. */
export type ClassifyPresetName = "fast";

/** All of them. */
export const classifyPresetNames: readonly ClassifyPresetName[] = ["fast"];

/** Classification training options, besides the network, the data and the recipe. */
export interface ClassifyTrainOptions {
  /**
   * A whole recipe by name; what else is said takes the place of its parts. "fast" reaches a high accuracy with the least
   * computing; it starts from fresh weights.
   */
  readonly preset?: ClassifyPresetName;
  /** Whether images are varied: random crops with 4 black pixels around, and mirrored for CIFAR. Default: for CIFAR only. */
  readonly augment?: boolean;
  /**
   * By what images are normalised: mean and deviation of the training images ("data"), or ImageNet's. Default: what the file
   * that the training starts from records, else "data".
   */
  readonly normalization?: "data" | "imagenet";
}

/** ImageNet's, as torchvision's networks expect it. @source torchvision.models, "ImageClassification" transforms */
export const imagenetStatistics: ChannelStatistics = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] };

/** The network that classifies if none is named. */
export const standardModel = "resnet20";
/** Default share of the training images to hold out. */
export const standardValidation = 0.05;

/** The standard recipe with the given fields overridden. */
export function classifyRecipe(start: RecipeStart, given: RecipeFields): Recipe {
  return withRecipeFields(standardRecipe(start, optimizerIn(given)), given);
}
