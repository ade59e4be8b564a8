import { imagesPerStep, type Recipe } from "./recipe.ts";

/** With one step per epoch a network changes once; with a few, it learns from epoch to epoch. */
const LEAST_STEPS = 4;
/** Batch norm cannot train on one value per channel, as deep in a network for small images. */
const LEAST_BATCH = 2;

/**
 * Shrinks the batch of a recipe to fit the data: unchanged if it fits, otherwise the largest power of two that leaves
 * four steps per epoch, or 2 if there are fewer.
 *
 * @param count the number of training images
 * @param note receives a sentence about the change
 */
export function fitBatch(recipe: Recipe, count: number, note: (text: string) => void): Recipe {
  const { batch, accumulate = 1 } = recipe;
  if (imagesPerStep(recipe) <= count) return recipe;
  const least = Math.min(LEAST_BATCH, Math.max(1, Math.floor(count / accumulate)));
  const most = Math.max(least, Math.floor(count / (LEAST_STEPS * accumulate)));
  const fitted = 2 ** Math.floor(Math.log2(most));
  note(`${count} images to train on are too few for batches of ${batch}: the batch is ${fitted}`);
  return { ...recipe, batch: fitted };
}
