import { noAugmentation } from "../../../data/augmentation.ts";
import { oneOf, OptionError } from "../../../tensor/errors.ts";
import type { FreshTraining } from "../../../train/node/job.ts";
import type { TrainingChoice } from "../../node/node-task.ts";
import { noSegmentationAugmentation } from "../data/variation.ts";
import { isOfPoints, type SegmentationLoss, type SegmentationLossName } from "../losses.ts";
import { type SegmentationPreset, segmentationPresets } from "../presets.ts";
import { presetNetwork, presetRecipe } from "../../preset.ts";
import type { SegmentationSettings } from "../settings.ts";
import type { SegmentTrainOptions } from "../train-options.ts";

/** Names of {@link SegmentTrainOptions}. */
export const segmentTrainOptions: readonly (keyof SegmentTrainOptions)[] = [
  "preset",
  "target",
  "loss",
  "ignore",
  "test",
  "crop",
  "longestSide",
  "augment",
];

function findPreset(name: string): SegmentationPreset {
  return segmentationPresets[oneOf("preset", name, Object.keys(segmentationPresets))];
}

/** A preset with everything that was typed in the place of what it says; unlisted settings are those of `cells`. */
export function startSegmentation({
  start,
  validation,
  given,
  options,
}: TrainingChoice<SegmentTrainOptions>): FreshTraining {
  const preset = findPreset(options.preset ?? "cells");
  const { from, imageSize } = start;
  const isGraph = from?.toLowerCase().endsWith(".onnx") === true;
  if (isGraph && options.crop !== undefined)
    throw new OptionError(
      "crop",
      `cannot differ from the image size, for ${from} is a graph of one size; give \`imageSize\``,
    );
  const { crop, ...settings } = settingsOf(preset, options);
  return {
    ...start,
    // A file that is started from defines its own network, and the size of its images.
    ...(from === undefined
      ? { ...presetNetwork(preset, start, { channels: 3 }), imageSize: imageSize ?? preset.imageSize }
      : {}),
    ...(validation === undefined ? {} : { validation }),
    augmentation: noAugmentation,
    recipe: presetRecipe(preset, given, from === undefined ? "fresh" : "tuned"),
    task: { ...settings, ...(isGraph || crop === undefined ? {} : { crop }) },
  };
}

/** Another loss in the place of a preset's, whose weights make up for few points: where none are counted, they are left out. */
function lossOf(preset: SegmentationLoss, name: SegmentationLossName = preset.name): SegmentationLoss {
  return isOfPoints(name) ? { ...preset, name } : { name };
}

/** The preset's settings, with what was typed in their place. */
function settingsOf({ settings }: SegmentationPreset, options: SegmentTrainOptions): SegmentationSettings {
  const target = options.target ?? settings.target;
  const isCells = target === "instances";
  if (options.ignore !== undefined && isCells) throw new OptionError("ignore", 'applies only to target "classes"');
  return {
    ...settings,
    target,
    testShare: options.test ?? settings.testShare,
    ...(options.crop === undefined ? {} : { crop: options.crop }),
    ...(options.longestSide === undefined ? {} : { longestSide: options.longestSide }),
    loss: isCells ? lossOf(settings.loss, options.loss) : { name: options.loss ?? "combined" },
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
