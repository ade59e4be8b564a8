import { imagesPerStep, type Recipe } from "./recipe.ts";

/** An epoch of one step changes a network once; of a few, it learns from epoch to epoch. */
const LEAST_STEPS = 4;

/**
 * A recipe whose batch fits the data: unchanged if it does, otherwise the largest power of two that leaves four steps an epoch.
 *
 * @param count how many images there are to train on
 * @param note hears what was changed, in a sentence
 */
export function fitBatch(recipe: Recipe, count: number, note: (text: string) => void): Recipe {
  const { batch, accumulate = 1 } = recipe;
  if (imagesPerStep(recipe) <= count) return recipe;
  const most = Math.max(1, Math.floor(count / (LEAST_STEPS * accumulate)));
  const fitted = 2 ** Math.floor(Math.log2(most));
  note(`${count} images to train on are too few for batches of ${batch}: the batch is ${fitted}`);
  return { ...recipe, batch: fitted };
}
