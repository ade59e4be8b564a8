import { Option } from "commander";
import { noAugmentation } from "../../../data/augmentation.ts";
import { findModelPlan } from "../../../nn/models.ts";
import { readSettings } from "../../../tasks/find-task.ts";
import type { MaskMeaning } from "../../../tasks/segment/data/set.ts";
import { noSegmentationAugmentation } from "../../../tasks/segment/data/variation.ts";
import { type SegmentationLossName, segmentationLossNames } from "../../../tasks/segment/losses.ts";
import { type SegmentationPreset, segmentationPresets } from "../../../tasks/segment/presets.ts";
import { type SegmentationSettings, sides } from "../../../tasks/segment/settings.ts";
import { canonicalJson } from "../../../tensor/canonical-json.ts";
import { OptionError } from "../../../tensor/errors.ts";
import type { CheckpointNotes } from "../../../train/checkpoint.ts";
import type { FreshTraining } from "../../../train/node/job.ts";
import type { Recipe } from "../../../train/recipe.ts";
import { optimizerIn, type RecipeFields, standardRecipe, withRecipeFields } from "../../../train/standard-recipe.ts";
import { decimalNumber, onlyGiven, wholeNumber } from "../../options.ts";
import type { OptionValues } from "../../recipe-flags.ts";
import type { TypedTraining } from "../../task-flags.ts";

/** What {@link trainingOptions} say. */
interface SegmentationOptions {
  readonly augment?: boolean;
  readonly preset?: string;
  readonly target?: MaskMeaning;
  readonly loss?: SegmentationLossName;
  readonly ignore?: number;
  readonly test?: number;
  readonly crop?: number;
  readonly longestSide?: number;
}

/** Options of `residua train` about segmentation. */
export function trainingOptions(): readonly Option[] {
  return [
    new Option("--no-augment", "train on the images as they are"),
    new Option(
      "--preset <name>",
      "a whole recipe: cells finds nuclei and cells of any stain (implies --task segment)",
    ).choices(Object.keys(segmentationPresets)),
    new Option("--target <what>", "what masks hold: a number for each cell (instances), or classes of points").choices([
      "instances",
      "classes",
    ]),
    new Option("--loss <name>", "loss of the points' classes (default: combined, cross-entropy plus Dice)").choices([
      ...segmentationLossNames,
    ]),
    new Option("--ignore <value>", "value of masks from which nothing is learnt, with --target classes").argParser(
      wholeNumber(0),
    ),
    new Option("--test <share>", "share of a folder without test/ that is kept for the test (default: 0.15)").argParser(
      decimalNumber(0, 1),
    ),
    new Option(
      "--crop <n>",
      "rows and columns of the parts of images that are trained on (default: 128; --image-size, 256, is what it is used on)",
    ).argParser(wholeNumber(sides.least, sides.most)),
    new Option(
      "--longest-side <n>",
      "shrink larger images to it, where they are trained on and where the network is used: for cells as large as a crop",
    ).argParser(wholeNumber(sides.least, sides.most)),
  ];
}

/** The options of {@link trainingOptions} as a checkpoint has them. */
export function optionsOfCheckpoint({ network }: CheckpointNotes): OptionValues {
  const settings = readSettings(network.task, "segment", "checkpoint");
  const { target, loss, testShare, ignored, crop, longestSide, augmentation } = settings;
  const augment = canonicalJson(augmentation) !== canonicalJson(noSegmentationAugmentation);
  return { augment, target, loss: loss.name, test: testShare, ignore: ignored, crop, longestSide };
}

/** The preset's recipe, with the fields that were typed in the place of its own. */
function mergeRecipe(preset: Recipe, given: RecipeFields): Recipe {
  const optimizer = optimizerIn(given);
  // Another optimizer brings the learning rate that suits it.
  const changed = optimizer !== undefined && optimizer !== preset.optimizer.name;
  const { learningRate } = changed ? standardRecipe("fresh", optimizer) : preset;
  return withRecipeFields({ ...preset, learningRate }, given);
}

/** A preset with everything that was typed in the place of what it says; unlisted settings are those of `cells`. */
export function startSegmentation({ start, validation, given, options: typed, ...rest }: TypedTraining): FreshTraining {
  if (!rest.typed.has("data"))
    throw new OptionError("--data", "is needed: a folder with images/ and masks/ of the same names");
  const options = typed as SegmentationOptions;
  const preset: SegmentationPreset = segmentationPresets[options.preset ?? "cells"];
  return {
    ...start,
    // A file that is started from says itself what its network is.
    ...(start.from === undefined ? networkOf(preset, start) : {}),
    imageSize: start.imageSize ?? preset.imageSize,
    validation: validation ?? preset.validation,
    augmentation: noAugmentation,
    recipe: mergeRecipe(preset.recipe, given),
    task: { ...settingsOf(preset, options) },
  };
}

function networkOf(
  preset: SegmentationPreset,
  { model = preset.model, modelOptions }: TypedTraining["start"],
): Required<Pick<FreshTraining, "model" | "modelOptions">> {
  // A sibling of the preset's network, such as the one without attention gates, differs in nothing but what its name says.
  const isSibling = findModelPlan(model).plan.accepts === findModelPlan(preset.model).plan.accepts;
  const own = isSibling ? preset.modelOptions : { channels: 3 };
  return { model, modelOptions: { ...own, ...modelOptions } };
}

/** The preset's settings, with what was typed in their place. */
function settingsOf({ settings }: SegmentationPreset, options: SegmentationOptions): SegmentationSettings {
  const target = options.target ?? settings.target;
  const isCells = target === "instances";
  if (options.ignore !== undefined && isCells) throw new OptionError("--ignore", "goes with --target classes");
  return {
    ...settings,
    target,
    testShare: options.test ?? settings.testShare,
    ...onlyGiven({ crop: options.crop, longestSide: options.longestSide }),
    loss: isCells
      ? { ...settings.loss, name: options.loss ?? settings.loss.name }
      : { name: options.loss ?? "combined" },
    // Stains tell classes apart where polarity and colour do.
    ...(isCells ? {} : { scaling: { ...settings.scaling, invertBright: false } }),
    augmentation:
      options.augment === false
        ? noSegmentationAugmentation
        : isCells
          ? settings.augmentation
          : { ...settings.augmentation, invert: 0, colour: 0.1 },
    ...(options.ignore === undefined ? {} : { ignored: options.ignore }),
  };
}
