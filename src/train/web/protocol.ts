import type { WorkerJob } from "../../jobs/web/worker.ts";
import type { MemoryEvent, MemoryJob, MemoryResult } from "../memory-job.ts";

/** The compute device in a browser. */
export type WebDevice = "wasm" | "webgpu";

/** A training run as requested by a page. It is sent to the worker once; images in shared memory are not copied. */
export interface WebTrainingJob extends MemoryJob {
  /** WebAssembly if left out. */
  readonly device?: WebDevice;
  /**
   * Threads of WebAssembly; ONNX Runtime's own choice if left out. More than one requires a cross-origin isolated page.
   */
  readonly threads?: number;
}

/** The result of training in a worker. */
export type WebTrainingResult = MemoryResult;

/** Progress events from the worker. */
export type WebTrainingEvent = MemoryEvent;

/** A training job in a worker whose module calls `serveTraining`. */
export type WebTraining = WorkerJob<WebTrainingJob, WebTrainingEvent, WebTrainingResult>;

/** The job behind {@link WebTraining}, run in workers opened by `open`: one per training run. */
export function trainingJob(open: () => Worker): WebTraining {
  return { name: "training", worker: open };
}
