import type { WorkerJob } from "../../jobs/web/worker.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { StepProgress, TrainingOutcome } from "../loop.ts";
import type { MemoryTraining } from "../memory-training.ts";
import type { Evaluation } from "../evaluation.ts";
import type { Recipe } from "../recipe.ts";
import type { EpochRecord } from "../checkpoint.ts";

/** Where a browser computes. */
export type WebDevice = "wasm" | "webgpu";

/** A training as a page asks for it. All of it is sent to the worker once; images in shared memory are not even copied. */
export interface WebTrainingJob extends MemoryTraining {
  /** Fields of the recipe that differ from `defaultRecipe`; each is followed, or refused by its name. */
  readonly recipe: Partial<Recipe>;
  /** Parameters and running statistics to start from, by state-dict name; fresh ones if left out. */
  readonly start?: ReadonlyMap<string, Tensor>;
  /** WebAssembly if left out. */
  readonly device?: WebDevice;
  /** Threads of WebAssembly; ONNX Runtime's own choice if left out. More than one need a cross-origin isolated page. */
  readonly threads?: number;
}

/** How a training in a worker ended. */
export interface WebTrainingResult extends TrainingOutcome {
  /** The whole recipe that was followed. */
  readonly recipe: Recipe;
  /**
   * The network of the best epoch if a validation set was given, of the last one otherwise, with its description in the
   * metadata: `predict` and any ONNX runtime take it. Its weights are their moving averages if the recipe keeps them.
   */
  readonly onnx: Uint8Array;
  /** The same network as safetensors, its batch norms unfolded: what can be saved in any form. */
  readonly weights: Uint8Array;
  /** On the test set, if one was given and the training was not stopped. */
  readonly test?: Evaluation;
}

/** What a worker tells while it trains. */
export type WebTrainingEvent =
  | { readonly kind: "step"; readonly progress: StepProgress }
  | { readonly kind: "epoch"; readonly record: EpochRecord; readonly isBest: boolean };

/** A training in a worker whose module calls `serveTraining`. */
export type WebTraining = WorkerJob<WebTrainingJob, WebTrainingEvent, WebTrainingResult>;

/** The job that {@link WebTraining} is, in workers that `open` opens: one for each training. */
export function trainingJob(open: () => Worker): WebTraining {
  return { name: "training", worker: open };
}
