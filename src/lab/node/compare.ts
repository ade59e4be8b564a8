import { builtFile } from "../../data/node/built-file.ts";
import type { ShortcutType } from "../../nn/shortcuts/type.ts";
import type { SessionOptions } from "../../runtime/runtime.ts";
import type { LoweringChoice } from "../../train/lowering.ts";
import { type ChildJob, startChildJob } from "../../train/node/child-job.ts";
import type { Recipe } from "../../train/recipe.ts";
import type { DrawnRun } from "../comparison.ts";

/** One network to train. */
export interface RunPlan {
  readonly depth: number;
  readonly shortcut: ShortcutType;
  readonly seed: number;
}

/** A whole comparison, as the child gets it. */
export interface CompareJob {
  readonly runs: readonly RunPlan[];
  /** A data set's name, or a folder of images. */
  readonly data: string;
  /** Where fetched data sets lie. */
  readonly cache: string;
  /** The first so many images; all if left out. */
  readonly trainImages?: number;
  readonly testImages?: number;
  readonly recipe: Omit<Recipe, "seed">;
  readonly lowering: LoweringChoice;
  readonly session: SessionOptions;
  /** Threads that prepare batches. */
  readonly workers: number;
}

/** What the child reports. */
export type CompareEvent =
  | { readonly kind: "note"; readonly text: string }
  | {
      readonly kind: "step";
      readonly run: number;
      readonly step: number;
      readonly steps: number;
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
}

/** What a comparison comes to; fewer runs than planned if it was stopped. */
export interface CompareResult {
  readonly runs: readonly DrawnRun[];
  /** The lowering that was used, such as "blocked 16". */
  readonly lowering: string;
  readonly trainImages: number;
  readonly testImages: number;
}

/** Every depth with every shortcut type and every seed. */
export function planRuns(
  depths: readonly number[],
  shortcuts: readonly ShortcutType[],
  seeds: readonly number[],
): readonly RunPlan[] {
  return depths.flatMap((depth) => shortcuts.flatMap((shortcut) => seeds.map((seed) => ({ depth, shortcut, seed }))));
}

/** Trains and tests all networks of a comparison, one after another, in a child process. */
export function startComparison(job: CompareJob, onEvent: (event: CompareEvent) => void): ChildJob<CompareResult> {
  return startChildJob<CompareJob, CompareEvent, CompareResult>(
    builtFile(import.meta.url, "./compare-worker.js"),
    job,
    onEvent,
  );
}
