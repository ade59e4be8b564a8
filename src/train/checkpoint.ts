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

/** The lowering and runtime that computed a checkpoint; elsewhere the same training may differ in the last bits. */
export interface Engine {
  /** The lowering, with its block size if blocked: "blocked 16". */
  readonly lowering: string;
  /** The runtime and its version, such as "node 1.30.0". */
  readonly runtime: string;
  /** The device and what drives it, such as "webgpu (libvulkan_radeon.so)"; the processor if left out. */
  readonly device?: string;
}

/** The data set and the part of it trained on; resuming requires the same. */
export interface DataPlace {
  /** Training images, without the validation split. */
  readonly train: number;
  readonly validation: number;
  /** The augmentation of training images, such as "crop 4, flip". */
  readonly augmentation: string;
  /** A hash of the images' names, where they lie in a folder and each has a part; earlier versions kept none. */
  readonly names?: string;
  /** The images' own mean and deviation, if they are normalised by different ones. */
  readonly measured?: ChannelStatistics;
}

/** One finished epoch. */
export interface EpochRecord {
  /** Counts from 1. */
  readonly epoch: number;
  /** Means over the epoch's steps, each before its update. */
  readonly training: Measured;
  /** After the epoch, if there is a validation split. */
  readonly validation?: Measured;
}

/** The progress of a training run; together with the recipe's seed, it determines all randomness. */
export interface TrainingPlace {
  /** Steps done since the start. */
  readonly step: number;
  /** Sums over the steps of the unfinished epoch. */
  readonly lossSum: number;
  readonly correctSum: number;
  readonly epochs: readonly EpochRecord[];
  /** The epoch with the best validation. */
  readonly best?: EpochRecord;
}

/** The metadata of a checkpoint. It holds no timestamp, so identical training runs give identical files. */
export interface CheckpointNotes {
  readonly network: NetworkCard;
  readonly recipe: Recipe;
  readonly data: DataPlace;
  readonly place: TrainingPlace;
  readonly engine: Engine;
}

/** A saved training run, to resume or to use. */
export interface Checkpoint {
  readonly notes: CheckpointNotes;
  /** Parameters and running statistics under their state-dict names, optimizer state as `STATE/PARAMETER`. */
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
    names: v.exactOptional(v.string()),
    measured: v.exactOptional(channelStatisticsSchema),
  }),
  place: v.strictObject({
    step: wholeNumber,
    lossSum: v.number(),
    // Fractional, since tasks may count parts of a sample as right.
    correctSum: v.pipe(v.number(), v.minValue(0)),
    epochs: v.array(epochRecord),
    best: v.exactOptional(epochRecord),
  }),
  engine: v.strictObject({ lowering: v.string(), runtime: v.string(), device: v.exactOptional(v.string()) }),
});

/** Encodes a checkpoint as the chunks of one safetensors file; its notes are JSON in the file's metadata. */
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
 * @throws {FormatError} if the file is not a checkpoint, is damaged or has another version
 */
export function decodeCheckpoint(bytes: Uint8Array, where: string): Checkpoint {
  const { notes: found, state } = readCheckpointFile(bytes, where);
  const notes = checkPlainData(notesSchema, withNames(found), ({ path, detail }) => {
    return new FormatError(where, `is damaged: ${path || "its notes"} ${detail}`);
  });
  requireConsistentCard(notes.network, where);
  return { notes, state };
}
