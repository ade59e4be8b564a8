import { describeAugmentation, noAugmentation } from "../data/augmentation.ts";
import { joinBytes } from "../tensor/bytes.ts";
import { canonicalJson } from "../tensor/canonical-json.ts";
import { FormatError, OptionError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import {
  type CheckpointNotes,
  decodeCheckpoint,
  encodeCheckpointChunks,
  type Engine,
  type TrainingPlace,
} from "./checkpoint.ts";
import { describeEngine } from "./describe-engine.ts";
import { startOfTraining } from "./loop.ts";
import type { MemoryTraining } from "./memory-training.ts";
import type { Recipe } from "./recipe.ts";
import type { TrainingState } from "./trainer.ts";

/** What identifies a training on images in memory, and all that a checkpoint notes but how far it came. */
export type TrainingNotes = Omit<CheckpointNotes, "place">;

/** Before the names of the best epoch's state, which is kept in the same file. */
const BEST = "best/";

/** What a checkpoint of a training notes. */
export function notesOf(
  { network, train, validation, augmentation = noAugmentation }: MemoryTraining,
  recipe: Recipe,
  engine: Engine,
): TrainingNotes {
  return {
    network,
    recipe,
    data: {
      train: train.count,
      validation: validation?.count ?? 0,
      augmentation: describeAugmentation(augmentation),
    },
    engine,
  };
}

/** How far a training came. */
export interface ReachedTraining {
  readonly place: TrainingPlace;
  readonly state: TrainingState;
  /** The best epoch's, if there is one. */
  readonly best?: TrainingState;
}

/** Encodes a training as one file: a checkpoint whose state has the best epoch's beside the last one's. */
export function encodeReached(notes: TrainingNotes, { place, state, best = new Map() }: ReachedTraining): Uint8Array {
  const whole = new Map([...state, ...[...best].map(([name, value]) => [BEST + name, value] as const)]);
  return joinBytes(encodeCheckpointChunks({ notes: { ...notes, place }, state: whole }));
}

const differing = { network: "the network", recipe: "the recipe", data: "the data" } as const;

/**
 * Reads the training to go on with; the start of one if there is no checkpoint.
 *
 * @param note receives a sentence if another runtime made it
 * @throws {FormatError} if it is damaged or no checkpoint
 * @throws {OptionError} naming what differs from the training that it was made by
 */
export function readReached(
  bytes: Uint8Array | undefined,
  expected: TrainingNotes,
  note: (text: string) => void,
): Pick<ReachedTraining, "place"> & Partial<ReachedTraining> {
  if (bytes === undefined) return { place: startOfTraining };
  const { notes, state } = decodeCheckpoint(bytes, "resume");
  const isEqual = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);
  for (const [part, words] of Object.entries(differing) as [keyof typeof differing, string][])
    if (!isEqual(notes[part], expected[part]))
      throw new OptionError("resume", `is of another training: ${words} differs; give what it was made with`);
  if (!isEqual(notes.engine, expected.engine))
    note(
      `the checkpoint was made with ${describeEngine(notes.engine)}, this is ${describeEngine(expected.engine)}: the last bits may differ`,
    );
  const own = new Map<string, Tensor>();
  const best = new Map<string, Tensor>();
  for (const [name, value] of state)
    if (name.startsWith(BEST)) best.set(name.slice(BEST.length), value);
    else own.set(name, value);
  if (notes.place.best !== undefined && best.size === 0)
    throw new FormatError("resume", "lacks the best epoch that it notes; give a checkpoint that a page reported");
  return {
    place: notes.place,
    state: own as TrainingState,
    ...(best.size === 0 ? {} : { best: best as TrainingState }),
  };
}
