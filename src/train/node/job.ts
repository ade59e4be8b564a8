import type { Augmentation } from "../../data/augmentation.ts";
import type { ModelOptions } from "../../nn/model-options.ts";
import type { SessionOptions } from "../../runtime/runtime.ts";
import type { CheckpointNotes, EpochRecord } from "../checkpoint.ts";
import type { Evaluation } from "../evaluation.ts";
import type { StepProgress, TrainingStatus } from "../loop.ts";
import type { TrainingMeasures } from "../measure.ts";
import type { Distributions } from "../histogram.ts";
import type { LoweringChoice } from "../../compile/lowering.ts";
import type { TaskNotes } from "../../networks/card.ts";
import type { Recipe } from "../recipe.ts";
import type { EncodedImage } from "../tensorboard/event.ts";
import type { StepResult } from "../trainer.ts";

/** By what images are normalised. */
export type NormalizationChoice = "data" | "imagenet";

/** A file of weights, and what its reader should know. */
export interface WeightsStart {
  readonly path: string;
  /** A layout's id, where several systems have the same names. */
  readonly layout?: string;
  /** The entry of a PyTorch checkpoint to take. */
  readonly entry?: string;
  /** What stands before the names to take, such as "module.encoder_q.". */
  readonly prefix?: string;
  /** Takes what fits and says what it left; the rest is drawn anew. */
  readonly partial?: boolean;
}

/** A training from the start. */
export interface FreshTraining {
  /** A network's name; may be left out where `from` tells. */
  readonly model?: string;
  readonly modelOptions: ModelOptions;
  /** A file to start from: an ONNX network, or weights of a network by name. */
  readonly from?: string;
  /** Weights to start from, whatever their file: of `model`, or of the network that they tell. Not together with `from`. */
  readonly weights?: WeightsStart;
  /** Names of the classes to tell apart, in the order of the scores; all of the data set if left out. */
  readonly classes?: readonly string[];
  /** Height and width that images are brought to; the network's own if left out. */
  readonly imageSize?: number;
  /** Mean and deviation of the images: those of the data, or ImageNet's; those that the start's file records, if left out. */
  readonly normalization?: NormalizationChoice;
  /** Gives each class the same weight in the loss, however many images it has. */
  readonly balanceClasses?: boolean;
  /** A data set's name, or a folder of images. */
  readonly data: string;
  /** The first so many images; all if left out. */
  readonly limit?: number;
  /** Share of the training images that is held back to choose the best epoch. */
  readonly validation: number;
  readonly augmentation: Augmentation;
  readonly recipe: Recipe;
  /** Whether a batch that is larger than the data shrinks, with a note, rather than being refused: where nobody chose it. */
  readonly fitsBatch?: boolean;
  /** What the network is to learn, as plain data that the task itself checks; to classify if left out. */
  readonly task?: TaskNotes;
}

/** A training that goes on from a checkpoint: a file, or the folder of a training. */
export interface ContinuedTraining {
  readonly resume: string;
  /**
   * Epochs in all, if they are to be more than the training was begun with, be it finished or not. From the step reached
   * on, the learning rate is that of the schedule of the new length.
   */
  readonly epochs?: number;
}

/** A training, as the child gets it. */
export interface TrainingJob {
  /** What to train, or what to go on from. */
  readonly start: FreshTraining | ContinuedTraining;
  /** Folder for checkpoints and the network; if left out, the resumed checkpoint's, or "residua-train". */
  readonly out?: string;
  /** Where fetched data sets lie. */
  readonly cache: string;
  readonly lowering: LoweringChoice;
  readonly session: SessionOptions;
  /** Threads that prepare batches. */
  readonly workers: number;
  /** Whether images of the first batch, and how weights and gradients are spread after each epoch, are reported, too. */
  readonly details?: boolean;
  /** How many seconds of work an end without warning may cost: then a checkpoint is written in between; 60 if left out. */
  readonly checkpointSeconds?: number;
  /** How often the weights are kept on the way, for pictures of it; not if left out. */
  readonly snapshots?: number;
}

/** What the child reports. */
export type TrainingEvent =
  | { readonly kind: "note"; readonly text: string }
  | { readonly kind: "start"; readonly start: TrainingStart }
  | { readonly kind: "step"; readonly progress: StepProgress; readonly milliseconds: number; readonly batch: number }
  | { readonly kind: "epoch"; readonly record: EpochRecord; readonly isBest: boolean }
  | { readonly kind: "sample"; readonly image: EncodedImage }
  | { readonly kind: "distributions"; readonly distributions: Distributions }
  /** A checkpoint was written; the next one of the same name takes its place. */
  | { readonly kind: "checkpoint"; readonly path: string; readonly step: number };

/** Said once, when all is known and nothing has been trained yet. */
export interface TrainingStart {
  /** The whole configuration, and where the training goes on from. */
  readonly notes: CheckpointNotes;
  /** The checkpoint that it goes on from, if it does. */
  readonly resumed?: string;
  readonly folder: string;
  readonly stepsPerEpoch: number;
  readonly measures: TrainingMeasures;
}

/** What a training came to. */
export interface TrainingResult {
  readonly status: TrainingStatus;
  /** What went wrong and what to do, where it diverged. */
  readonly reason?: string;
  /** The step that does not count, where it diverged. */
  readonly diverged?: StepResult;
  readonly steps: number;
  readonly epochs: readonly EpochRecord[];
  /** Name of the measure that chooses the best epoch. */
  readonly mainMeasure: string;
  readonly best?: EpochRecord;
  /** On the whole test set, looked at once, with the best epoch's network; absent where the training was stopped. */
  readonly test?: Evaluation;
  readonly lowering: string;
  /** Median over the steps, data included. */
  readonly imagesPerSecond: number;
  readonly files: { readonly last: string; readonly best?: string; readonly onnx?: string };
}
