import type { Augmentation } from "../../data/augmentation.ts";
import type { DatasetName } from "../../data/catalog.ts";
import { augmentationOf, findDatasetName } from "../../data/dataset.ts";
import { OptionError, oneOf } from "../../tensor/errors.ts";
import { defaultRecipe, type Recipe, variationOf } from "../../train/recipe.ts";
import type { RecipeFields } from "../../train/standard-recipe.ts";
import { type NamedNetwork, presetNetwork, presetRecipe, type TrainingPreset } from "../preset.ts";
import { type ClassifyPresetName, classifyPresetNames, type ClassifyTrainOptions } from "./train-options.ts";

/** A whole training to classify images of one data set. */
export interface ClassifyPreset extends TrainingPreset {
  readonly augmentation: Augmentation;
  /** Share of the training images held out to choose the best epoch. */
  readonly validation: number;
}

/** Chosen on 10,000 of the training images, which the others then join: docs/speed.md has what was tried. */
const mnist: ClassifyPreset = {
  model: "resnet8",
  modelOptions: { width: 2, stemStride: 2 },
  validation: 0,
  augmentation: { cropPadding: 2, flip: false },
  recipe: {
    ...defaultRecipe,
    epochs: 8,
    batch: 128,
    optimizer: { name: "muon", momentum: 0.95, nesterov: true, weightDecay: 5e-4 },
    learningRate: 0.02,
    schedule: "cosine",
    warmupSteps: 100,
    rotation: 10,
    labelSmoothing: 0.05,
  },
};

/** The least computing that reaches an accuracy, by data set. */
export const fastPresets: { readonly [Name in DatasetName]?: ClassifyPreset } = { mnist };

/**
 * The preset for a data set.
 *
 * @throws {OptionError} if there is none of that name, or none for these data
 */
export function findClassifyPreset(preset: ClassifyPresetName, data: string): ClassifyPreset {
  oneOf("preset", preset, classifyPresetNames);
  const name = findDatasetName(data);
  const found = name === undefined ? undefined : fastPresets[name];
  if (found === undefined)
    throw new OptionError(
      "preset",
      `"${preset}" has no recipe for "${data}", it has one for ${Object.keys(fastPresets).join(", ")}; leave it out`,
    );
  return found;
}

/** A training that a preset completes. */
export interface PresetTraining extends NamedNetwork {
  readonly validation: number;
  readonly augmentation: Augmentation;
  readonly recipe: Recipe;
}

/** What a preset says of a training, with everything that was said in its place. */
export function completePreset(
  preset: ClassifyPreset,
  {
    start,
    validation = preset.validation,
    given,
    data,
    options: { augment },
  }: {
    readonly start: { readonly model?: string; readonly modelOptions: NamedNetwork["modelOptions"] };
    readonly validation?: number;
    readonly given: RecipeFields;
    /** The data set's name. */
    readonly data: string;
    readonly options: ClassifyTrainOptions;
  },
): PresetTraining {
  const whole = presetRecipe(preset, given);
  return {
    ...presetNetwork(preset, start),
    validation,
    augmentation: augment === undefined ? preset.augmentation : augmentationOf(data, augment),
    recipe: augment === false ? withoutVariation(whole, given) : whole,
  };
}

/** Unchanged images are not turned either, unless that was said. */
function withoutVariation(recipe: Recipe, given: RecipeFields): Recipe {
  const varied: readonly string[] = Object.keys(variationOf(recipe));
  const isKept = (name: string): boolean => !varied.includes(name) || [...given.keys()].some((field) => field === name);
  return Object.fromEntries(Object.entries(recipe).filter(([name]) => isKept(name))) as unknown as Recipe;
}
