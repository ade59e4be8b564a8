import type { CheckpointNotes } from "../../train/checkpoint.ts";
import { findCheckpoint, readCheckpoint } from "../../train/node/training-files.ts";
import { OptionError } from "../../tensor/errors.ts";

/** Options of a command by commander's names; undefined where one has no value. */
export type OptionValues = Readonly<Record<string, string | number | boolean | undefined>>;

/** Options of `residua train` as a checkpoint has them. */
function optionsOf({ network, recipe, data }: CheckpointNotes): OptionValues {
  return {
    model: network.model.name,
    shortcut: network.model.options.shortcut,
    data: network.data,
    limit: data.train + data.validation,
    epochs: recipe.epochs,
    batchSize: recipe.batch,
    lr: recipe.learningRate,
    optimizer: recipe.optimizer.name,
    schedule: recipe.schedule,
    weightDecay: recipe.optimizer.weightDecay,
    labelSmoothing: recipe.labelSmoothing,
    clipNorm: recipe.clipNorm,
    patience: recipe.patience,
    seed: recipe.seed,
    augment: !data.augmentation.startsWith("crop 0"),
  };
}

/**
 * A training goes on as it began: refuses options that say otherwise, rather than passing over them.
 *
 * @param given options that were typed
 * @throws {OptionError} for the first that is not what the checkpoint has
 */
export async function requireOptionsOf(path: string, given: OptionValues): Promise<void> {
  const { notes } = await readCheckpoint(await findCheckpoint(path));
  for (const [name, value] of Object.entries(optionsOf(notes))) {
    if (!(name in given) || given[name] === value) continue;
    const option = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const began = value === undefined ? "without it" : `with ${String(value)}`;
    throw new OptionError(
      option,
      `is ${String(given[name])}, but this training began ${began}; leave it out to resume`,
    );
  }
}
