import { augmentationOf } from "../../../data/dataset.ts";
import { oneOf, OptionError } from "../../../tensor/errors.ts";
import type { FreshTraining } from "../../../train/node/job.ts";
import type { TrainingChoice } from "../../node/node-task.ts";
import { completePreset, findClassifyPreset } from "../presets.ts";
import { classifyRecipe, type ClassifyTrainOptions, standardModel } from "../train-options.ts";

/** Names of {@link ClassifyTrainOptions}. */
export const classifyTrainOptions: readonly (keyof ClassifyTrainOptions)[] = ["preset", "augment", "normalization"];

/** A training to classify, completed by what holds where nothing is said. */
export function startClassification({
  start,
  validation,
  given,
  options,
}: TrainingChoice<ClassifyTrainOptions>): FreshTraining {
  const { preset, augment, normalization } = options;
  const isFresh = start.from === undefined && start.weights === undefined;
  if (normalization !== undefined) oneOf("normalization", normalization, ["data", "imagenet"]);
  const begun = { ...start, ...(normalization === undefined ? {} : { normalization }) };
  if (preset !== undefined) {
    if (!isFresh)
      throw new OptionError("preset", `"${preset}" starts from fresh weights; leave it out, or what to start from`);
    const found = findClassifyPreset(preset, start.data);
    return {
      ...begun,
      ...completePreset(found, {
        start,
        data: start.data,
        ...(validation === undefined ? {} : { validation }),
        given,
        options,
      }),
    };
  }
  return {
    ...begun,
    ...(start.model === undefined && isFresh ? { model: standardModel } : {}),
    ...(validation === undefined ? {} : { validation }),
    augmentation: augmentationOf(start.data, augment),
    recipe: classifyRecipe(isFresh ? "fresh" : "tuned", given),
  };
}
