import { readFileBytes, toEnvironmentError, writeFileAtomically } from "../../files/node.ts";
import { stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { FormatError } from "../../tensor/errors.ts";
import { type Checkpoint, type CheckpointNotes, decodeCheckpoint } from "../checkpoint.ts";
import { canonicalJson } from "../../tensor/canonical-json.ts";

/** The files that training writes to its folder. */
export interface TrainingFiles {
  /** The checkpoint to resume from. */
  readonly last: string;
  /** The checkpoint of the epoch with the best validation. */
  readonly best: string;
  /** The folder of weight snapshots, one file per snapshot, if requested. */
  readonly snapshots: string;
  /** The best network, or the last if there was no validation. */
  readonly onnx: string;
}

/** The files of a training run in `folder`. */
export function trainingFilesIn(folder: string): TrainingFiles {
  return {
    last: join(folder, "last.safetensors"),
    best: join(folder, "best.safetensors"),
    snapshots: join(folder, "snapshots"),
    onnx: join(folder, "model.onnx"),
  };
}

/** Resolves a path to a checkpoint: a file, or the last one in a training folder. */
export async function findCheckpoint(path: string): Promise<string> {
  const found = await stat(path).catch((cause: unknown) => {
    throw toEnvironmentError(path, "cannot resume", cause);
  });
  return found.isDirectory() ? trainingFilesIn(path).last : path;
}

/**
 * Reads a checkpoint file.
 * @throws {EnvironmentError} if it cannot be read; {FormatError} if it is not a checkpoint or is damaged
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  return decodeCheckpoint(await readFileBytes(path), path);
}

/**
 * Ensures that the best epoch's checkpoint, next to the resumed one, is available when training ends.
 *
 * @throws {EnvironmentError} if it is missing
 * @throws {FormatError} if it belongs to another training
 */
export async function bringBest(notes: CheckpointNotes, resumed: string, { best }: TrainingFiles): Promise<void> {
  if (notes.place.best === undefined) return;
  const source = trainingFilesIn(dirname(resumed)).best;
  const bytes = await readFileBytes(source);
  requireSameTraining(decodeCheckpoint(bytes, source).notes, notes, source);
  if (resolve(source) !== resolve(best)) await writeFileAtomically(best, bytes);
}

/** Reads the best epoch's checkpoint. @throws {FormatError} if it belongs to another training */
export async function readBest({ best }: TrainingFiles, notes: CheckpointNotes): Promise<Checkpoint> {
  const checkpoint = await readCheckpoint(best);
  requireSameTraining(checkpoint.notes, notes, best);
  return checkpoint;
}

function requireSameTraining(found: CheckpointNotes, wanted: CheckpointNotes, where: string): void {
  // Epochs may have been added since then.
  const identity = ({ network, recipe, data }: CheckpointNotes): string =>
    canonicalJson([network, { ...recipe, epochs: 0 }, data]);
  // A best checkpoint from a later epoch was written just before the run was killed; training reaches and rewrites that
  // epoch.
  const isReached = (found.place.best?.epoch ?? 0) >= (wanted.place.best?.epoch ?? 0);
  if (identity(found) === identity(wanted) && isReached) return;
  throw new FormatError(where, "is not the best epoch of the resumed training; resume where both files were written");
}
