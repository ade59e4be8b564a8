import { builtFile } from "../../../files/node.ts";
import type { SessionOptions } from "../../../runtime/runtime.ts";
import type { LoweringChoice } from "../../../compile/lowering.ts";
import type { ChildJob } from "../../../jobs/node/child-process.ts";
import type { Recipe } from "../../../train/recipe.ts";
import type { CurvePoint, DrawnRun } from "../comparison.ts";
import type { RunPlan } from "../plan.ts";

/** A whole comparison, as sent to the child. */
export interface CompareJob {
  readonly runs: readonly RunPlan[];
  /** A data set's name, or a folder of images. */
  readonly data: string;
  /** Where fetched data sets lie. */
  readonly cache: string;
  /** Use only the first so many images; all by default. */
  readonly trainImages?: number;
  readonly testImages?: number;
  readonly recipe: Omit<Recipe, "seed">;
  readonly lowering: LoweringChoice;
  readonly session: SessionOptions;
  /** Threads that prepare batches. */
  readonly workers: number;
  /** Files that keep interrupted runs, in the order of `runs`; by default, none are kept. */
  readonly checkpoints?: readonly string[];
  /** Time budget; unlimited by default. */
  readonly budget?: TimeBudget;
}

/** Time to train in. A run starts if it should fit; the first one always starts if the speed is unknown. */
export interface TimeBudget {
  readonly seconds: number;
  /** Multiply-adds of each run's network, in the order of `runs`. */
  readonly costs: readonly number[];
  /** Seconds per multiply-add of a training image, from earlier runs. */
  readonly secondsPerUnit?: number;
}

/** Events of the child. */
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
  | { readonly kind: "skip"; readonly run: number; readonly seconds: number }
  | { readonly kind: "run"; readonly run: number; readonly result: DrawnRun };

/** Reported once per run, before its first step. */
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
  /** The part of it that was done before it was interrupted. */
  readonly resumed?: readonly CurvePoint[];
}

/** The result of a comparison; fewer runs than planned if it was stopped or time ran out. */
export interface CompareResult {
  readonly runs: readonly DrawnRun[];
  /** How many did not fit into the time. */
  readonly skipped: number;
  /** The lowering that was used, such as "blocked 16". */
  readonly lowering: string;
  readonly trainImages: number;
  readonly testImages: number;
}

/** Trains and tests all networks of a comparison, one after another. */
export const comparisonJob: ChildJob<CompareJob, CompareEvent, CompareResult> = {
  name: "comparison",
  worker: builtFile(import.meta.url, "./worker.js"),
};
