import type { LabelledImages } from "../../data/labelled-images.ts";
import type { ComputePlace } from "../../runtime/compute-place.ts";
import type { SessionOptions } from "../../runtime/runtime.ts";
import type { LoweringChoice } from "../../compile/lowering.ts";
import type { Recipe } from "../../train/recipe.ts";
import type { CurvePoint, DrawnRun } from "./comparison.ts";
import type { RunPlan } from "./plan.ts";

/** A whole comparison, as it is performed on data that are there. */
export interface ComparisonWork {
  readonly runs: readonly RunPlan[];
  /** The first so many images; all if left out. */
  readonly trainImages?: number;
  readonly testImages?: number;
  readonly recipe: Omit<Recipe, "seed">;
  /** Whether a batch that is larger than the data is brought down to them, rather than refused. */
  readonly fitsBatch?: boolean;
  readonly session: SessionOptions;
  /** The accuracy at which a run ends, as a share of the test images; all train to the end if left out. */
  readonly until?: number;
  /** What there is time for; everything if left out. */
  readonly budget?: TimeBudget;
}

/** A whole comparison, as the child gets it. */
export interface CompareJob extends ComparisonWork, ComputePlace {
  /** A data set's name, or a folder of images. */
  readonly data: string;
  /** What tells the folder's images from others under that name, where runs are kept. */
  readonly content?: string;
  /** Images in memory, in the place of those that `data` names. */
  readonly images?: LabelledImages;
  /** Where fetched data sets lie. */
  readonly cache: string;
  readonly lowering: LoweringChoice;
  /** Threads that prepare batches. */
  readonly workers: number;
  /** Files in which runs are kept that were interrupted, in the order of `runs`; none are kept if left out. */
  readonly checkpoints?: readonly string[];
}

/** Time to train in. A run is begun if it should fit in; the first one always is where nothing is known of the speed. */
export interface TimeBudget {
  readonly seconds: number;
  /** Multiply-adds of each run's network, in the order of `runs`. */
  readonly costs: readonly number[];
  /** Seconds a multiply-add of a training image, from earlier runs. */
  readonly secondsPerUnit?: number;
}

/** What the child reports. */
export type CompareEvent =
  | { readonly kind: "note"; readonly text: string }
  | {
      readonly kind: "step";
      readonly run: number;
      readonly step: number;
      readonly steps: number;
      /** Images of the step. */
      readonly images: number;
      readonly loss: number;
      readonly accuracy: number;
      readonly learningRate: number;
      readonly gradientNorm: number;
      readonly firstLayerGradientNorm: number;
      readonly milliseconds: number;
    }
  /** The test images were classified between two steps. */
  | { readonly kind: "test"; readonly run: number; readonly step: number; readonly accuracy: number }
  | { readonly kind: "begin"; readonly run: number; readonly begin: ComparedStart }
  /** Loss or gradient is not finite; the step was not taken. */
  | {
      readonly kind: "diverged";
      readonly run: number;
      readonly step: number;
      readonly loss: number;
      readonly gradientNorm: number;
      readonly reason: string;
    }
  /** Gradients overflowed in float16; the step changed nothing. */
  | { readonly kind: "overflow"; readonly run: number; readonly reason: string }
  | { readonly kind: "skip"; readonly run: number; readonly seconds: number }
  | { readonly kind: "run"; readonly run: number; readonly result: DrawnRun };

/** Said once for every run, before its first step. */
export interface ComparedStart {
  readonly recipe: Recipe;
  readonly imageShape: readonly number[];
  readonly classes: readonly string[];
  readonly trainImages: number;
  readonly testImages: number;
  readonly stepsPerEpoch: number;
  readonly parameters: number;
  readonly lowering: string;
  /** The runtime and its version, such as "node 1.30.0". */
  readonly runtime: string;
  /** The device and its adapter, if not the processor. */
  readonly device?: string;
  /** The part of it that was done before it was interrupted. */
  readonly resumed?: readonly CurvePoint[];
}

/** What a comparison comes to; fewer runs than planned if it was stopped, or time ran out. */
export interface CompareResult {
  readonly runs: readonly DrawnRun[];
  /** How many did not fit into the time. */
  readonly skipped: number;
  /** The lowering that was used, such as "blocked 16". */
  readonly lowering: string;
  readonly trainImages: number;
  readonly testImages: number;
  /** Images per batch, if the data were too few for that of the recipe. */
  readonly batch?: number;
}
