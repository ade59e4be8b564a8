import { Option } from "commander";
import { readSettings } from "../../../tasks/find-task.ts";
import { plateParts } from "../../../tasks/plates/settings.ts";
import type { CheckpointNotes } from "../../../train/checkpoint.ts";
import type { FreshTraining } from "../../../train/node/job.ts";
import { decimalNumber, wholeNumber } from "../../options.ts";
import type { OptionValues } from "../../recipe-flags.ts";
import type { TypedTraining } from "../../task-flags.ts";

/** Options of `residua train` about plates. */
export function trainingOptions(): readonly Option[] {
  return [
    new Option(
      "--part <part>",
      "which network to train: locate finds plates in pictures, read reads them (default: read)",
    ).choices([...plateParts]),
    new Option(
      "--glyphs <folder>",
      "draw plates with the glyphs of this folder too, pictures whose names end in their character",
    ),
    new Option(
      "--drawn <share>",
      "share of the samples that are drawn (default: 1 without --data, 0.9 to read, 0.7 to locate)",
    ).argParser(decimalNumber(0, 1)),
    new Option("--samples <n>", "samples per epoch (default: 10000 to read, 4000 to locate)").argParser(wholeNumber(1)),
    new Option(
      "--crop <n>",
      "height and width of the crops to train on (default: 256 to locate plates, 128 for cells, whose tiles for prediction have --image-size)",
    ).argParser(wholeNumber(16, 4096)),
  ];
}

/** The options of {@link trainingOptions}, read from a checkpoint. */
export function optionsOfCheckpoint({ network }: CheckpointNotes): OptionValues {
  const { part, glyphs, drawnShare, samples, crop } = readSettings(network.task, "plates", "checkpoint");
  return { part, glyphs, drawn: drawnShare, samples, crop };
}

/** What the command line says, completed by the task. */
export async function startPlatesTraining({ typed, start, ...choice }: TypedTraining): Promise<FreshTraining> {
  const [{ nodeTask }, { DRAWN }] = await Promise.all([
    import("../../../tasks/plates/node/task.ts"),
    import("../../../tasks/plates/node/start.ts"),
  ]);
  return nodeTask.startTraining({ ...choice, start: { ...start, data: typed.has("data") ? start.data : DRAWN } });
}
