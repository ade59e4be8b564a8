import { imagesPerStep, type Recipe } from "./recipe.ts";

/** With one step per epoch a network changes once; with a few, it learns from epoch to epoch. */
const LEAST_STEPS = 4;

/**
 * Shrinks the batch of a recipe to fit the data: unchanged if it fits, otherwise the largest power of two that leaves
 * four steps per epoch.
 *
 * @param count the number of training images
 * @param note receives a sentence about the change
 */
export function fitBatch(recipe: Recipe, count: number, note: (text: string) => void): Recipe {
  const { batch, accumulate = 1 } = recipe;
  if (imagesPerStep(recipe) <= count) return recipe;
  const most = Math.max(1, Math.floor(count / (LEAST_STEPS * accumulate)));
  const fitted = 2 ** Math.floor(Math.log2(most));
  note(`${count} images to train on are too few for batches of ${batch}: the batch is ${fitted}`);
  return { ...recipe, batch: fitted };
}
