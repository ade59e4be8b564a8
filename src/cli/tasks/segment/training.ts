import { Option } from "commander";
import { readSettings } from "../../../tasks/find-task.ts";
import { noSegmentationAugmentation } from "../../../tasks/segment/data/variation.ts";
import { segmentationLossNames } from "../../../tasks/segment/losses.ts";
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
    new Option("--no-augment", "train on the unchanged images"),
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

/** What the command line says, completed by the task. */
export async function startSegmentation({ typed, ...choice }: TypedTraining): Promise<FreshTraining> {
  if (!typed.has("data"))
    throw new OptionError("--data", "is required: a folder with images/ and masks/ of the same names");
  const { nodeTask } = await import("../../../tasks/segment/node/task.ts");
  return nodeTask.startTraining(choice);
}
