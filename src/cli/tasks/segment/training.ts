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
    new Option("--no-augment", "train on the unchanged images"),
    new Option(
      "--preset <name>",
      "a complete recipe; cells finds nuclei and cells of any stain (implies --task segment)",
    ).choices(Object.keys(segmentationPresets)),
    new Option(
      "--target <what>",
      "what masks hold: a number per cell (instances), or a class per pixel (classes)",
    ).choices(["instances", "classes"]),
    new Option("--loss <name>", "loss on the pixels' classes (default: combined, cross-entropy plus Dice)").choices([
      ...segmentationLossNames,
    ]),
    new Option("--ignore <value>", "mask value to ignore in training, with --target classes").argParser(wholeNumber(0)),
    new Option("--test <share>", "share of a folder without test/ to hold out for the test (default: 0.15)").argParser(
      decimalNumber(0, 1),
    ),
    new Option(
      "--crop <n>",
      "height and width of the crops to train on (default: 128; tiles for prediction have --image-size, 256)",
    ).argParser(wholeNumber(sides.least, sides.most)),
    new Option(
      "--longest-side <n>",
      "shrink larger images to this, in training and in use; for cells as large as a crop",
    ).argParser(wholeNumber(sides.least, sides.most)),
  ];
}

/** The options of {@link trainingOptions}, read from a checkpoint. */
export function optionsOfCheckpoint({ network }: CheckpointNotes): OptionValues {
  const settings = readSettings(network.task, "segment", "checkpoint");
  const { target, loss, testShare, ignored, crop, longestSide, augmentation } = settings;
  const augment = canonicalJson(augmentation) !== canonicalJson(noSegmentationAugmentation);
  return { augment, target, loss: loss.name, test: testShare, ignore: ignored, crop, longestSide };
}

/** The preset's recipe, overridden by the typed fields. */
function mergeRecipe(preset: Recipe, given: RecipeFields): Recipe {
  const optimizer = optimizerIn(given);
  // Another optimizer comes with its own learning rate.
  const changed = optimizer !== undefined && optimizer !== preset.optimizer.name;
  const { learningRate } = changed ? standardRecipe("fresh", optimizer) : preset;
  return withRecipeFields({ ...preset, learningRate }, given);
}

/** A preset, overridden by everything typed; without one, settings default to those of `cells`. */
export function startSegmentation({ start, validation, given, options: typed, ...rest }: TypedTraining): FreshTraining {
  if (!rest.typed.has("data"))
    throw new OptionError("--data", "is required: a folder with images/ and masks/ of the same names");
  const options = typed as SegmentationOptions;
  const preset: SegmentationPreset = segmentationPresets[options.preset ?? "cells"];
  return {
    ...start,
    // A file to start from defines its own network.
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
  // A sibling of the preset's network, such as the one without attention gates, differs only by its name.
  const isSibling = findModelPlan(model).plan.accepts === findModelPlan(preset.model).plan.accepts;
  const own = isSibling ? preset.modelOptions : { channels: 3 };
  return { model, modelOptions: { ...own, ...modelOptions } };
}

/** The preset's settings, overridden by what was typed. */
function settingsOf({ settings }: SegmentationPreset, options: SegmentationOptions): SegmentationSettings {
  const target = options.target ?? settings.target;
  const isCells = target === "instances";
  if (options.ignore !== undefined && isCells) throw new OptionError("--ignore", "applies only with --target classes");
  return {
    ...settings,
    target,
    testShare: options.test ?? settings.testShare,
    ...onlyGiven({ crop: options.crop, longestSide: options.longestSide }),
    loss: isCells
      ? { ...settings.loss, name: options.loss ?? settings.loss.name }
      : { name: options.loss ?? "combined" },
    // For classes, polarity and colour carry information.
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
