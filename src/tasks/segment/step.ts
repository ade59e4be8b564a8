import { OptionError } from "../../tensor/errors.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { TaskStep } from "../../train/engine.ts";
import type { Recipe } from "../../train/recipe.ts";
import type { RecipeRefusals } from "../../train/recipe-check.ts";
import { DISTANCE_SCALE } from "./data/targets.ts";
import { cellLoss, classLoss, countCorrectPoints, type SegmentationLoss } from "./losses.ts";
import type { SegmentationSettings } from "./settings.ts";

/** Fields of the recipe that a loss of points does not have. */
export const refusedFields: RecipeRefusals = {
  labelSmoothing: "applies to classification, not to segmentation",
  mixup: "applies to classification, not to segmentation",
  rotation: "applies to classification; segmentation turns its crops by itself",
  brightness: "applies to classification; segmentation varies its stains by itself",
  contrast: "applies to classification; segmentation varies its stains by itself",
  saturation: "applies to classification; segmentation varies its stains by itself",
  erasing: "applies to classification, not to segmentation",
  progressiveResize: "applies to classification, not to segmentation",
  alternateFlip: "applies to classification; segmentation mirrors its crops by itself",
  reflectBorder: "applies to classification, not to segmentation",
};

/** The loss's own options, with the recipe's weights of the classes in their place. */
function lossOf({ loss }: SegmentationSettings, { classWeights }: Recipe): SegmentationLoss {
  if (classWeights === undefined) return loss;
  if (classWeights === "balanced")
    throw new OptionError("classWeights", '"balanced" applies to classification; give a number for each class');
  return { ...loss, classWeights };
}

/**
 * What a training step of segmentation has of its own: labels are maps, and the loss is one of points.
 *
 * @param sample `[channels, height, width]` of a crop
 * @throws {OptionError} if the classes are to be balanced by counting images
 */
export function segmentationStep(settings: SegmentationSettings, [, height, width]: Shape, recipe: Recipe): TaskStep {
  const { target, distanceWeight = 1 } = settings;
  const loss = lossOf(settings, recipe);
  if (target === "classes")
    return {
      labelShape: [height, width],
      correct: countCorrectPoints,
      loss: (g, scores, labels) => classLoss(g, scores, labels, loss),
    };
  return {
    labelShape: [2, height, width],
    correct: countCorrectPoints,
    loss: (g, scores, labels) => cellLoss(g, scores, labels, { scale: DISTANCE_SCALE, distanceWeight, loss }),
  };
}
