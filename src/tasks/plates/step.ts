import type { Shape } from "../../tensor/shape.ts";
import type { TaskStep } from "../../train/engine.ts";
import type { Recipe } from "../../train/recipe.ts";
import type { RecipeRefusals } from "../../train/recipe-check.ts";
import { SLOTS } from "./alphabet.ts";
import { locatorPlanes, STRIDE } from "./locator-targets.ts";
import { countCentres, countWholePlates, locatorLoss, readerLoss } from "./losses.ts";
import type { PlateSettings } from "./settings.ts";

const varied = "applies to classification; plates are varied as a camera varies them";
const classified = "applies to classification, not to plates";

/** Fields of the recipe that plates do not have. */
export const refusedFields: RecipeRefusals = {
  classWeights: classified,
  mixup: classified,
  rotation: varied,
  brightness: varied,
  contrast: varied,
  saturation: varied,
  erasing: varied,
  progressiveResize: classified,
  alternateFlip: varied,
  reflectBorder: varied,
};

/** What a training step has of its own. @param sample `[channels, height, width]` */
export function platesStep({ part }: PlateSettings, [, height, width]: Shape, { labelSmoothing }: Recipe): TaskStep {
  if (part === "read")
    return {
      labelShape: [SLOTS],
      correct: countWholePlates,
      loss: (g, scores, labels) => readerLoss(g, scores, labels, labelSmoothing),
    };
  return {
    labelShape: [locatorPlanes.labels, height / STRIDE, width / STRIDE],
    correct: countCentres,
    loss: locatorLoss,
  };
}
