import type { Tensor } from "../tensor/tensor.ts";
import type { CheckpointNotes, EpochRecord } from "./checkpoint.ts";
import type { Evaluation } from "./evaluation.ts";
import type { StepProgress, TrainingOutcome } from "./loop.ts";
import type { TrainingMeasures } from "./measure.ts";
import type { MemoryTraining } from "./memory-training.ts";
import type { PreparingEvent } from "./preparing.ts";
import type { Recipe } from "./recipe.ts";

/** A training run on images in memory. */
export interface MemoryJob extends MemoryTraining {
  /** Recipe fields that differ from `defaultRecipe`; each is obeyed, or refused by name. */
  readonly recipe: Partial<Recipe>;
  /** Parameters and running statistics to start from, by state-dict name; fresh ones if left out. */
  readonly start?: ReadonlyMap<string, Tensor>;
  /**
   * A checkpoint of the same training, which goes on from there: network, recipe and data must be those that it was made
   * with.
   */
  readonly resume?: Uint8Array;
  /**
   * Reports a checkpoint after every epoch, within a longer one whenever so many seconds have passed, and when it is stopped;
   * none if left out.
   */
  readonly checkpointSeconds?: number;
}

/** What it comes to. */
export interface MemoryResult extends TrainingOutcome {
  /** The complete recipe that was used. */
  readonly recipe: Recipe;
  /**
   * The best epoch's network if a validation set was given, otherwise the last, described in its metadata: `predict`
   * and any ONNX runtime accept it. If the recipe keeps moving averages, these are its weights.
   */
  readonly onnx: Uint8Array;
  /** The same network as safetensors with batch norms unfolded, so that it can be saved in any form. */
  readonly weights: Uint8Array;
  /** Evaluation on the test set, if one was given and training was not stopped. */
  readonly test?: Evaluation;
}

/** Sent once, when everything is known and before training starts. */
export interface StartNotes {
  /** The whole configuration and the starting position. */
  readonly notes: CheckpointNotes;
  readonly stepsPerEpoch: number;
  readonly measures: TrainingMeasures;
}

/** Sent after every step. */
export interface StepEvent {
  readonly kind: "step";
  readonly progress: StepProgress;
  /** Since the step before it. */
  readonly milliseconds: number;
  /** Images of the step. */
  readonly batch: number;
}

/** What it reports. */
export type MemoryEvent =
  | PreparingEvent
  | { readonly kind: "start"; readonly start: StartNotes }
  | StepEvent
  | { readonly kind: "epoch"; readonly record: EpochRecord; readonly isBest: boolean }
  /** The training as far as it came, to be kept and given back as `resume`. */
  | { readonly kind: "checkpoint"; readonly step: number; readonly checkpoint: Uint8Array }
  | { readonly kind: "note"; readonly text: string };
