import { expect, test } from "vitest";
import { fitBatch } from "./fit-batch.ts";
import { defaultRecipe } from "./recipe.ts";

test.each([
  [1000, 1, 64],
  [64, 1, 64],
  [63, 1, 8],
  [46, 1, 8],
  [16, 1, 4],
  [5, 1, 2],
  [3, 1, 2],
  [1, 1, 1],
  [100, 2, 8],
  [128, 2, 64],
])("%i images in %i part(s) a step take batches of %i", (count, accumulate, batch) => {
  const notes: string[] = [];
  const recipe = { ...defaultRecipe, batch: 64, accumulate };
  expect(fitBatch(recipe, count, (text) => notes.push(text))).toEqual({ ...recipe, batch });
  const said = `${count} images to train on are too few for batches of 64: the batch is ${batch}`;
  expect(notes).toEqual(batch === 64 ? [] : [said]);
});
