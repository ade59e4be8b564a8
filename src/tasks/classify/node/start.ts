import { augmentationOf } from "../../../data/dataset.ts";
import { oneOf } from "../../../tensor/errors.ts";
import type { FreshTraining } from "../../../train/node/job.ts";
import type { TrainingChoice } from "../../node/node-task.ts";
import { classifyRecipe, type ClassifyTrainOptions, standardModel } from "../train-options.ts";

/** Names of {@link ClassifyTrainOptions}. */
export const classifyTrainOptions: readonly (keyof ClassifyTrainOptions)[] = ["augment", "normalization"];

/** A training to classify, completed by what holds where nothing is said. */
export function startClassification({
  start,
  validation,
  given,
  options: { augment, normalization },
}: TrainingChoice<ClassifyTrainOptions>): FreshTraining {
  const isFresh = start.from === undefined && start.weights === undefined;
  if (normalization !== undefined) oneOf("normalization", normalization, ["data", "imagenet"]);
  return {
    ...start,
    ...(start.model === undefined && isFresh ? { model: standardModel } : {}),
    ...(normalization === undefined ? {} : { normalization }),
    ...(validation === undefined ? {} : { validation }),
    augmentation: augmentationOf(start.data, augment),
    recipe: classifyRecipe(isFresh ? "fresh" : "tuned", given),
  };
}
