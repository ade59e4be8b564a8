import type { Augmentation } from "../../data/augmentation.ts";
import type { DatasetName } from "../../data/catalog.ts";
import { augmentationOf, findDatasetName } from "../../data/dataset.ts";
import { oneOf, OptionError } from "../../tensor/errors.ts";
import { defaultRecipe, type Recipe, variationOf } from "../../train/recipe.ts";
import type { RecipeFields } from "../../train/standard-recipe.ts";
import { type NamedNetwork, presetNetwork, presetRecipe, type TrainingPreset } from "../preset.ts";
import { type ClassifyPresetName, classifyPresetNames, type ClassifyTrainOptions } from "./train-options.ts";

/** A whole training to classify images. */
export interface ClassifyPreset extends TrainingPreset {
  readonly augmentation: Augmentation;
  /** Share of the training images held out to choose the best epoch; the task's own if left out. */
  readonly validation?: number;
}

/** What all of them have in common; docs/speed.md has what was tried. */
const common: Recipe = {
  ...defaultRecipe,
  batch: 128,
  optimizer: { name: "muon", momentum: 0.95, nesterov: true, weightDecay: 5e-4 },
  learningRate: 0.02,
  schedule: "cosine",
  warmupSteps: 100,
  labelSmoothing: 0.05,
};

/** Chosen on a part of the training images, which the others then join. */
const mnist: ClassifyPreset = {
  model: "resnet8",
  modelOptions: { width: 2, stemStride: 2 },
  validation: 0,
  augmentation: { cropPadding: 2, flip: false },
  recipe: { ...common, epochs: 8, rotation: 10 },
};

/**
 * From the author of airbench are the variation of images, whitening, label smoothing, and the rate of biases and the norms of
 * filters; the rest was chosen here: docs/speed.md.
 */
const airbench: Recipe = {
  ...common,
  optimizer: {
    name: "muon",
    momentum: 0.9,
    nesterov: true,
    weightDecay: 5e-4,
    unitFilters: true,
  },
  warmupSteps: 0,
  whiten: true,
  biasRate: 64,
  alternateFlip: true,
  reflectBorder: true,
};

const fashionMnist: ClassifyPreset = {
  model: "airbench94",
  modelOptions: { shortcut: "pad", width: 0.5 },
  validation: 0,
  augmentation: { cropPadding: 2, flip: false },
  recipe: { ...airbench, epochs: 18, batch: 256, learningRate: 0.06, labelSmoothing: 0.1 },
};

/** An airbench with the identity as shortcut. */
const cifar10: ClassifyPreset = {
  model: "airbench94",
  modelOptions: { shortcut: "pad" },
  validation: 0,
  augmentation: { cropPadding: 2, flip: false },
  recipe: { ...airbench, epochs: 13, batch: 512, learningRate: 0.08, labelSmoothing: 0.2 },
};

/** Few images, of anything: many passes in small batches, and no mirroring, which could change a class. */
const folder: ClassifyPreset = {
  model: "resnet8",
  modelOptions: { width: 2, stemStride: 2 },
  augmentation: { cropPadding: 4, flip: false },
  recipe: { ...common, epochs: 40, batch: 32, warmupSteps: 20 },
};

/** The least computing that reaches an accuracy: by data set, and for a folder of images. */
export const fastPresets: { readonly [Name in DatasetName]?: ClassifyPreset } & { readonly folder: ClassifyPreset } = {
  mnist,
  "fashion-mnist": fashionMnist,
  cifar10,
  folder,
};

/**
 * The preset for a data set or a folder of images.
 *
 * @param data a data set's name; anything else is a folder
 * @throws {OptionError} if there is none of that name, or none for that data set
 */
export function findClassifyPreset(preset: ClassifyPresetName, data: string): ClassifyPreset {
  oneOf("preset", preset, classifyPresetNames);
  const name = findDatasetName(data);
  const found = name === undefined ? fastPresets.folder : fastPresets[name];
  if (found === undefined) {
    const known = Object.keys(fastPresets).filter((each) => each !== "folder");
    throw new OptionError(
      "preset",
      `"${preset}" has no recipe for ${name}, it has one for ${known.join(", ")} and for folders of images; leave it out`,
    );
  }
  return found;
}

/** A training that a preset completes. */
export interface PresetTraining extends NamedNetwork {
  readonly validation?: number;
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
    ...(validation === undefined ? {} : { validation }),
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
