import * as v from "valibot";
import { FormatError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { canonicalJson } from "../tensor/canonical-json.ts";
import {
  type ChannelStatistics,
  channelStatisticsSchema,
  type NetworkCard,
  networkCardSchema,
  requireConsistentCard,
} from "../networks/card.ts";
import { readCheckpointFile, writeCheckpointFile } from "../networks/checkpoint-file.ts";
import { checkPlainData, countingNumber, measuredNumber, wholeNumber } from "../files/schema.ts";
import { nameMeasures } from "../files/unnamed-measures.ts";
import type { Measured } from "./measure.ts";
import type { Recipe } from "./recipe.ts";
import { recipeSchema } from "./recipe-check.ts";
import type { TrainingState } from "./trainer.ts";

/** What computed a checkpoint: the same training elsewhere may differ in the last bits. */
export interface Engine {
  /** The lowering; "blocked" with the size of its blocks, such as "blocked 16". */
  readonly lowering: string;
  /** The runtime and its version, such as "node 1.30.0". */
  readonly runtime: string;
}

/** Which data, and which part of it; resuming needs the same. */
export interface DataPlace {
  /** Training images, the validation part taken off. */
  readonly train: number;
  readonly validation: number;
  /** What was done to training images, such as "crop 4, flip". */
  readonly augmentation: string;
  /** The images' own mean and deviation, where they are normalised by others. */
  readonly measured?: ChannelStatistics;
}

/** One finished epoch. */
export interface EpochRecord {
  /** Counts from 1. */
  readonly epoch: number;
  /** Means over the epoch's steps, each before its update. */
  readonly training: Measured;
  /** After the epoch, where a validation part was split off. */
  readonly validation?: Measured;
}

/** How far a training is; with the recipe's seed, this is all of its random state. */
export interface TrainingPlace {
  /** Steps done since the start. */
  readonly step: number;
  /** Sums over the steps of the epoch that is not finished. */
  readonly lossSum: number;
  readonly correctSum: number;
  readonly epochs: readonly EpochRecord[];
  /** The epoch with the best validation. */
  readonly best?: EpochRecord;
}

/** What a checkpoint says beside its tensors. It holds no time, so equal trainings give equal files. */
export interface CheckpointNotes {
  readonly network: NetworkCard;
  readonly recipe: Recipe;
  readonly data: DataPlace;
  readonly place: TrainingPlace;
  readonly engine: Engine;
}

/** A training, kept to be resumed or used. */
export interface Checkpoint {
  readonly notes: CheckpointNotes;
  /** Parameters and running statistics under their state-dict names, the optimizer's state as `STATE/PARAMETER`. */
  readonly state: ReadonlyMap<string, Tensor>;
}

const measured: v.GenericSchema<unknown, Measured> = v.strictObject({
  loss: measuredNumber,
  measures: v.record(v.string(), v.nullable(v.number())),
});

const epochRecord = v.strictObject({
  epoch: countingNumber,
  training: measured,
  validation: v.exactOptional(measured),
});

const notesSchema: v.GenericSchema<unknown, CheckpointNotes> = v.strictObject({
  network: networkCardSchema,
  recipe: recipeSchema,
  data: v.strictObject({
    train: countingNumber,
    validation: wholeNumber,
    augmentation: v.string(),
    measured: v.exactOptional(channelStatisticsSchema),
  }),
  place: v.strictObject({
    step: wholeNumber,
    lossSum: v.number(),
    // Tasks may count parts of a sample as right.
    correctSum: v.pipe(v.number(), v.minValue(0)),
    epochs: v.array(epochRecord),
    best: v.exactOptional(epochRecord),
  }),
  engine: v.strictObject({ lowering: v.string(), runtime: v.string() }),
});

/** A checkpoint as the pieces of one safetensors file; its notes are JSON among the file's metadata. */
export function encodeCheckpointChunks({
  notes,
  state,
}: {
  readonly notes: CheckpointNotes;
  readonly state: TrainingState;
}): readonly Uint8Array[] {
  return writeCheckpointFile(canonicalJson(notes), state);
}

/** Version 0.1.0 called every measure accuracy. */
function withNames(notes: unknown): unknown {
  const { network, place } = (notes ?? {}) as {
    readonly network?: { readonly task?: unknown };
    readonly place?: unknown;
  };
  return place === undefined ? notes : { ...(notes as object), place: nameMeasures(place, network?.task) };
}

/**
 * Reads a checkpoint.
 *
 * @param where the file's name, for errors
 * @throws {FormatError} if it is none, is damaged or of another version
 */
export function decodeCheckpoint(bytes: Uint8Array, where: string): Checkpoint {
  const { notes: found, state } = readCheckpointFile(bytes, where);
  const notes = checkPlainData(notesSchema, withNames(found), ({ path, detail }) => {
    return new FormatError(where, `is damaged: ${path || "its notes"} ${detail}`);
  });
  requireConsistentCard(notes.network, where);
  return { notes, state };
}
