import type { Augmentation } from "../../data/augmentation.ts";
import type { LabelledImages } from "../../data/labelled-images.ts";
import type { ModelOptions } from "../../nn/model-options.ts";
import type { Device } from "../../runtime/device.ts";
import type { SessionOptions } from "../../runtime/runtime.ts";
import type { EpochRecord } from "../checkpoint.ts";
import type { Evaluation } from "../evaluation.ts";
import type { TrainingStatus } from "../loop.ts";
import type { Distributions } from "../histogram.ts";
import type { StartNotes, StepEvent } from "../memory-job.ts";
import type { LoweringChoice } from "../../compile/lowering.ts";
import type { TaskNotes } from "../../networks/card.ts";
import type { Recipe } from "../recipe.ts";
import type { EncodedImage } from "../tensorboard/event.ts";
import type { PreparingEvent } from "../preparing.ts";
import type { StepResult } from "../trainer.ts";

/** How images are normalised. */
export type NormalizationChoice = "data" | "imagenet";

/** A weights file and its reader options. */
export interface WeightsStart {
  readonly path: string;
  /** A layout's id, if several systems share the names. */
  readonly layout?: string;
  /** The entry of a PyTorch checkpoint to take. */
  readonly entry?: string;
  /** The prefix of the names to load, such as "module.encoder_q.". */
  readonly prefix?: string;
  /** Loads the weights that fit and reports the others; the rest is initialised. */
  readonly partial?: boolean;
}

/** A new training run. */
export interface FreshTraining {
  /** A network's name; optional if `from` determines it. */
  readonly model?: string;
  readonly modelOptions: ModelOptions;
  /** A file to start from: an ONNX network, or weights of a network by name. */
  readonly from?: string;
  /** Weights to start from, in any file format: those of `model`, or of the network they identify. Excludes `from`. */
  readonly weights?: WeightsStart;
  /** Class names in the order of the scores; by default, all classes of the data set. */
  readonly classes?: readonly string[];
  /** Height and width to resize images to; by default, the network's own. */
  readonly imageSize?: number;
  /** Normalisation of the images: the data's statistics or ImageNet's; by default, those recorded in the start file. */
  readonly normalization?: NormalizationChoice;
  /** A data set's name, or a folder of images. */
  readonly data: string;
  /** Images in memory, used instead of those that `data` names. */
  readonly images?: LabelledImages;
  /** Use only the first `limit` images; by default, all. */
  readonly limit?: number;
  /** Share of the training images held out to choose the best epoch; by default, the task's, and at least a few images. */
  readonly validation?: number;
  readonly augmentation: Augmentation;
  readonly recipe: Recipe;
  /**
   * Whether a batch larger than the data shrinks with a note instead of being refused: for a batch size that nobody
   * chose.
   */
  readonly fitsBatch?: boolean;
  /** The task, as plain data that the task itself validates; classification by default. */
  readonly task?: TaskNotes;
}

/** Resumes training from a checkpoint: a file, or a training folder. */
export interface ContinuedTraining {
  readonly resume: string;
  /**
   * Total epochs, if more than the run was started with, whether or not it has finished. From the current step on, the
   * learning rate follows the schedule for the new length.
   */
  readonly epochs?: number;
}

/** The place of a process among those that an MPI launcher such as `mpirun` started to train one network. */
export interface RankPlace {
  /** 0 to `size` − 1. */
  readonly rank: number;
  readonly size: number;
  /** File names or paths of the launcher's MPI library; the first that can be loaded is taken. */
  readonly libraries: readonly string[];
  /** Seconds that a rank waits in a sum for the others, before it counts them as gone. */
  readonly patience: number;
}

/** A training run, as passed to the child process. */
export interface TrainingJob {
  /** A new run, or a run to resume. */
  readonly start: FreshTraining | ContinuedTraining;
  /** Folder for checkpoints and the network; by default, the resumed checkpoint's, or "residua-train". */
  readonly out?: string;
  /** The folder of downloaded data sets. */
  readonly cache: string;
  readonly lowering: LoweringChoice;
  /** Where the steps run; the processor by default. */
  readonly device?: Device;
  readonly session: SessionOptions;
  /** Threads that prepare batches. */
  readonly workers: number;
  /** Whether to also report images of the first batch, and histograms of weights and gradients after each epoch. */
  readonly details?: boolean;
  /**
   * The most seconds of work that a crash may lose: checkpoints are written accordingly within an epoch. Default 60.
   */
  readonly checkpointSeconds?: number;
  /** How often to save weight snapshots, for pictures of the trajectory; by default, never. */
  readonly snapshots?: number;
  /**
   * Trains together with other processes, each of which is given the same job: a step takes as many times the recipe's
   * batches as there are ranks. Rank 0 alone reports and writes.
   */
  readonly ranks?: RankPlace;
}

/** Events from the child process. */
export type TrainingEvent =
  | PreparingEvent
  | { readonly kind: "note"; readonly text: string }
  | { readonly kind: "start"; readonly start: TrainingStart }
  | StepEvent
  /** How far a validation or the test is, in images. */
  | {
      readonly kind: "evaluating";
      readonly part: "validation" | "test";
      readonly done: number;
      readonly count: number;
    }
  | { readonly kind: "epoch"; readonly record: EpochRecord; readonly isBest: boolean }
  | { readonly kind: "sample"; readonly image: EncodedImage }
  | { readonly kind: "distributions"; readonly distributions: Distributions }
  /** A checkpoint was written; the next one of the same name replaces it. */
  | { readonly kind: "checkpoint"; readonly path: string; readonly step: number };

/** Sent once, when everything is known and before training starts. */
export interface TrainingStart extends StartNotes {
  /** The checkpoint that it resumes from, if any. */
  readonly resumed?: string;
  readonly folder: string;
}

/** The result of a training run. */
export interface TrainingResult {
  readonly status: TrainingStatus;
  /** What went wrong and what to do, if it diverged. */
  readonly reason?: string;
  /** The discarded step, if it diverged. */
  readonly diverged?: StepResult;
  readonly steps: number;
  readonly epochs: readonly EpochRecord[];
  /** Name of the measure that chooses the best epoch. */
  readonly mainMeasure: string;
  readonly best?: EpochRecord;
  /** On the whole test set, evaluated once with the best epoch's network; absent if training was stopped. */
  readonly test?: Evaluation;
  readonly lowering: string;
  /** The device and what drives it, if not the processor. */
  readonly device?: string;
  /** Median over the steps, data loading included. */
  readonly imagesPerSecond: number;
  /**
   * Processor time of the training's process, all threads together, in seconds: reading, compiling, steps, validations and test.
   * What others do on the machine hardly changes it. Of a resumed training, the part since.
   */
  readonly processorSeconds: number;
  readonly files: { readonly last: string; readonly best?: string; readonly onnx?: string };
}
