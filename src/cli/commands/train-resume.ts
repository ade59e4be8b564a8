import type { ModelOptions } from "../../nn/model-options.ts";
import type { CheckpointNotes } from "../../train/checkpoint.ts";
import type { TaskNotes } from "../../networks/card.ts";
import { findCheckpoint, readCheckpoint } from "../../train/node/files.ts";
import { OptionError } from "../../tensor/errors.ts";
import { optionName } from "../options.ts";
import { type OptionValues, recipeAsOptions } from "../recipe-flags.ts";

/** Options of `residua train` as a checkpoint has them. */
function optionsOf({ network, recipe, data }: CheckpointNotes): OptionValues {
  return {
    model: network.model.name,
    shortcut: network.model.options.shortcut,
    data: network.data,
    limit: data.train + data.validation,
    classes: network.classes,
    imageSize: network.imageShape[1],
    ...recipeAsOptions(recipe),
    ...(network.task === undefined
      ? { augment: !data.augmentation.startsWith("crop 0") }
      : segmentationOptions(network.task)),
  };
}

/** What a segmentation's own options were. */
function segmentationOptions({ name, target, loss, testShare, ignored, crop, longestSide }: TaskNotes): OptionValues {
  return {
    task: name,
    target,
    loss: (loss as { readonly name: string }).name,
    test: testShare,
    ignore: ignored,
    crop,
    longestSide,
  };
}

/**
 * A training goes on as it began: refuses options that say otherwise, rather than passing over them.
 *
 * @param given options that were typed
 * @param network options of the network that were typed
 * @throws {OptionError} for the first that is not what the checkpoint has
 */
export async function requireOptionsOf(path: string, given: OptionValues, network: ModelOptions = {}): Promise<void> {
  for (const name of ["from", "weights", "partial", "layout", "entry", "normalization"]) {
    if (name in given) throw new OptionError(`--${name}`, "does not go with --resume: the checkpoint has it");
  }
  const { notes } = await readCheckpoint(await findCheckpoint(path));
  requireNetworkOptions(notes.network.model.options, network);
  for (const [name, value] of Object.entries(optionsOf(notes))) {
    if (!(name in given) || isSame(given[name], value)) continue;
    const option = optionName(name);
    const began = value === undefined ? "without it" : `with ${showValue(value)}`;
    throw new OptionError(
      option,
      `is ${showValue(given[name])}, but this training began ${began}; leave it out to resume`,
    );
  }
}

/** The task of a checkpoint's training, where it is not classification. */
export async function taskOf(path: string): Promise<string | undefined> {
  return (await readCheckpoint(await findCheckpoint(path))).notes.network.task?.name;
}

/** An option that was typed without its value, or as a word for one that was computed, says only that it is there. */
function isSame(given: unknown, value: unknown): boolean {
  if ((given === true && typeof value === "number") || given === "balanced") return value !== undefined;
  return JSON.stringify(given) === JSON.stringify(value);
}

function showValue(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function requireNetworkOptions(began: ModelOptions, given: ModelOptions): void {
  for (const [name, value] of Object.entries(given)) {
    const before = began[name as keyof ModelOptions];
    if (before === value) continue;
    throw new OptionError(
      "--option",
      `${name} is ${String(value)}, but this training began with ${String(before ?? "its default")}; leave it out to resume`,
    );
  }
}
