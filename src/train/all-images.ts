import type { BatchPlan } from "../data/batches.ts";
import { imagesPerStep, type Recipe } from "./recipe.ts";

/**
 * All images of each epoch, shuffled by the recipe's seed.
 *
 * @param batch images of one step; the recipe's if left out
 */
export function planAllImages(count: number, recipe: Recipe, batch: number = imagesPerStep(recipe)): BatchPlan {
  return { batch, seed: recipe.seed, shuffle: true, indices: Uint32Array.from({ length: count }, (_, index) => index) };
}
