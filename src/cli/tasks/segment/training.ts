import { Option } from "commander";
import { readSettings } from "../../../tasks/find-task.ts";
import { noSegmentationAugmentation } from "../../../tasks/segment/data/variation.ts";
import { segmentationLossNames } from "../../../tasks/segment/losses.ts";
import { segmentationPresets } from "../../../tasks/segment/presets.ts";
import { nodeTask } from "../../../tasks/segment/node/task.ts";
import { sides } from "../../../tasks/segment/settings.ts";
import { canonicalJson } from "../../../tensor/canonical-json.ts";
import { OptionError } from "../../../tensor/errors.ts";
import type { CheckpointNotes } from "../../../train/checkpoint.ts";
import type { FreshTraining } from "../../../train/node/job.ts";
import { decimalNumber, wholeNumber } from "../../options.ts";
import type { OptionValues } from "../../recipe-flags.ts";
import type { TypedTraining } from "../../task-flags.ts";

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

/** What the command line says, completed by the task. */
export function startSegmentation({ typed, ...choice }: TypedTraining): FreshTraining {
  if (!typed.has("data"))
    throw new OptionError("--data", "is needed: a folder with images/ and masks/ of the same names");
  return nodeTask.startTraining(choice);
}
