import { type Command, Option } from "commander";
import type { MaskMeaning } from "../../tasks/segment/data/set.ts";
import { noSegmentationAugmentation } from "../../tasks/segment/data/variation.ts";
import type { ModelOptions } from "../../nn/model-options.ts";
import { findModelPlan } from "../../nn/models.ts";
import { type SegmentationLossName, segmentationLossNames } from "../../tasks/segment/losses.ts";
import { type SegmentationPreset, segmentationPresets } from "../../tasks/segment/presets.ts";
import { sides } from "../../tasks/segment/settings.ts";
import { noAugmentation } from "../../data/augmentation.ts";
import { OptionError } from "../../tensor/errors.ts";
import type { FreshTraining } from "../../train/node/job.ts";
import type { Recipe } from "../../train/recipe.ts";
import { optimizerIn, type RecipeFields, standardRecipe, withRecipeFields } from "../../train/standard-recipe.ts";
import { decimalNumber, onlyGiven, optionName, wholeNumber } from "../options.ts";

/** Options of `residua train` about segmentation. */
export interface SegmentationOptions {
  readonly task?: "classify" | "segment";
  readonly preset?: string;
  readonly target?: MaskMeaning;
  readonly loss?: SegmentationLossName;
  readonly ignore?: number;
  readonly test?: number;
  readonly crop?: number;
  readonly longestSide?: number;
}

/** Adds the options of {@link SegmentationOptions} to a command. */
export function addSegmentationOptions(command: Command): Command {
  return command
    .optionsGroup("Segmentation:")
    .addOption(
      new Option(
        "--task <name>",
        "classify images, or segment them: --data is then a folder with images/ and masks/",
      ).choices(["classify", "segment"]),
    )
    .addOption(
      new Option(
        "--preset <name>",
        "a whole recipe: cells finds nuclei and cells of any stain (implies --task segment)",
      ).choices(Object.keys(segmentationPresets)),
    )
    .addOption(
      new Option(
        "--target <what>",
        "what masks hold: a number for each cell (instances), or classes of points",
      ).choices(["instances", "classes"]),
    )
    .addOption(
      new Option("--loss <name>", "loss of the points' classes (default: combined, cross-entropy plus Dice)").choices([
        ...segmentationLossNames,
      ]),
    )
    .addOption(
      new Option("--ignore <value>", "value of masks from which nothing is learnt, with --target classes").argParser(
        wholeNumber(0),
      ),
    )
    .addOption(
      new Option(
        "--test <share>",
        "share of a folder without test/ that is kept for the test (default: 0.15)",
      ).argParser(decimalNumber(0, 1)),
    )
    .addOption(
      new Option(
        "--crop <n>",
        "rows and columns of the parts of images that are trained on (default: 128; --image-size, 256, is what it is used on)",
      ).argParser(wholeNumber(sides.least, sides.most)),
    )
    .addOption(
      new Option(
        "--longest-side <n>",
        "shrink larger images to it, where they are trained on and where the network is used: for cells as large as a crop",
      ).argParser(wholeNumber(sides.least, sides.most)),
    );
}

/** Whether the options ask for segmentation. @throws {OptionError} if they ask for it and for something else */
export function asksForSegmentation(options: SegmentationOptions): boolean {
  if (options.task === "classify" && options.preset !== undefined)
    throw new OptionError("--preset", `"${options.preset}" is of --task segment; leave --task classify out`);
  const asks = options.task === "segment" || options.preset !== undefined;
  const own = (["target", "loss", "ignore", "test", "crop", "longestSide"] as const).find(
    (name) => options[name] !== undefined,
  );
  if (!asks && own !== undefined)
    throw new OptionError(optionName(own), "is of segmentation; give --task segment, too");
  return asks;
}

/** What else decides on a training, as it was typed. */
export interface TypedTraining {
  readonly model?: string;
  readonly modelOptions: ModelOptions;
  /** Fields of the recipe that were typed. */
  readonly given: RecipeFields;
  readonly augment?: boolean;
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
export function segmentationTraining(
  options: SegmentationOptions,
  typed: TypedTraining,
): Pick<FreshTraining, "model" | "modelOptions" | "imageSize" | "validation" | "augmentation" | "recipe" | "task"> {
  const preset: SegmentationPreset = segmentationPresets[options.preset ?? "cells"];
  const { settings } = preset;
  const target = options.target ?? settings.target;
  const { model = preset.model } = typed;
  // A sibling of the preset's network, such as the one without attention gates, differs in nothing but what its name says.
  const isSibling = findModelPlan(model).plan.accepts === findModelPlan(preset.model).plan.accepts;
  const own = isSibling ? preset.modelOptions : { channels: 3 };
  const isCells = target === "instances";
  if (options.ignore !== undefined && isCells) throw new OptionError("--ignore", "goes with --target classes");
  return {
    model,
    modelOptions: { ...own, ...typed.modelOptions },
    imageSize: preset.imageSize,
    validation: preset.validation,
    augmentation: noAugmentation,
    recipe: mergeRecipe(preset.recipe, typed.given),
    task: {
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
        typed.augment === false
          ? noSegmentationAugmentation
          : isCells
            ? settings.augmentation
            : { ...settings.augmentation, invert: 0, colour: 0.1 },
      ...(options.ignore === undefined ? {} : { ignored: options.ignore }),
    },
  };
}
