import type { ModelOptions } from "../../nn/model-options.ts";
import type { CheckpointNotes } from "../../train/checkpoint.ts";
import { type TaskName, taskNameOf } from "../../tasks/find-task.ts";
import { OptionError } from "../../tensor/errors.ts";
import { optionName } from "../options.ts";
import { type OptionValues, recipeAsOptions } from "../recipe-flags.ts";
import type { AllTaskFlags, TaskFlags } from "../task-flags.ts";
import { refuseForeignOptions } from "../task-options.ts";

/** Options of `residua train`, read from a checkpoint. */
function optionsOf(notes: CheckpointNotes, task: TaskName, flags: TaskFlags): OptionValues {
  const { network, recipe, data } = notes;
  return {
    task,
    model: network.model.name,
    shortcut: network.model.options.shortcut,
    data: network.data,
    limit: data.train + data.validation,
    validation: data.validation / (data.train + data.validation),
    classes: network.classes,
    imageSize: network.imageShape[1],
    syncBatchNorm: recipe.syncBatchNorm,
    ...recipeAsOptions(recipe),
    ...flags.optionsOf(notes),
  };
}

/**
 * Refuses options that contradict the checkpoint: a resumed run continues as it began.
 *
 * @param given options that were typed
 * @param network options of the network that were typed
 * @returns the task that it was trained for
 * @throws {OptionError} for the first that is not what the checkpoint has
 */
export async function requireOptionsOf(
  path: string,
  given: OptionValues,
  { flags: all, network = {} }: { readonly flags: AllTaskFlags; readonly network?: ModelOptions | undefined },
): Promise<TaskName> {
  const implied = Object.values(all).flatMap(({ impliedBy }) => impliedBy);
  for (const name of [
    "from",
    "weights",
    "partial",
    "layout",
    "entry",
    "prefix",
    "normalization",
    "preset",
    ...implied,
  ]) {
    if (name in given)
      throw new OptionError(optionName(name), "cannot be combined with --resume: the checkpoint defines it");
  }
  const { findCheckpoint, readCheckpoint } = await import("../../train/node/files.ts");
  const checkpoint = await findCheckpoint(path);
  const { notes } = await readCheckpoint(checkpoint);
  const task = taskNameOf(notes.network.task, checkpoint);
  requireNetworkOptions(notes.network.model.options, network);
  const images = notes.data.train + notes.data.validation;
  for (const [name, value] of Object.entries(optionsOf(notes, task, all[task]))) {
    if (!(name in given) || isSame(given[name], value) || isRaised(name, given[name], value)) continue;
    if (name === "validation" && isSameShare(given[name], value, images)) continue;
    const option = optionName(name);
    const began = value === undefined ? "without it" : `with ${showValue(value)}`;
    throw new OptionError(
      option,
      `is ${showValue(given[name])}, but this run began ${began}; ${name === "epochs" ? "it can be raised, not lowered" : "leave it out to resume"}`,
    );
  }
  refuseForeignOptions(new Set(Object.keys(given)), { tasks: [task], flags: all, kind: "train" });
  return task;
}

/** A run may be made longer, finished or not; nothing else about it changes. */
function isRaised(name: string, given: unknown, value: unknown): boolean {
  return name === "epochs" && typeof given === "number" && typeof value === "number" && given > value;
}

/** An option typed without a value, or as a word for a computed one, only says that it is set. */
function isSame(given: unknown, value: unknown): boolean {
  if ((given === true && typeof value === "number") || given === "balanced") return value !== undefined;
  return JSON.stringify(given) === JSON.stringify(value);
}

/** A share is of whole images. */
function isSameShare(given: unknown, value: unknown, images: number): boolean {
  return Math.abs(Number(given) - Number(value)) * images <= 1;
}

function showValue(value: unknown): string {
  if (typeof value === "number") return String(Number(value.toPrecision(6)));
  return typeof value === "string" ? value : JSON.stringify(value);
}

function requireNetworkOptions(began: ModelOptions, given: ModelOptions): void {
  for (const [name, value] of Object.entries(given)) {
    const before = began[name as keyof ModelOptions];
    if (before === value) continue;
    throw new OptionError(
      "--option",
      `${name} is ${String(value)}, but this run began with ${String(before ?? "its default")}; leave it out to resume`,
    );
  }
}
