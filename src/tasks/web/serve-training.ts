import { serveInWorker } from "../../jobs/web/worker.ts";
import type { WebRuntimeOptions } from "../../runtime/web.ts";
import { performTraining } from "./perform-training.ts";
import type { WebTraining } from "../../train/web/protocol.ts";

/** What a training worker is made with: all that a runtime is but for the threads, which belong to the job. */
export type TrainingWorkerOptions = Omit<WebRuntimeOptions, "threads">;

/** Makes the worker that calls it train what its page asks for. To be called once, at the top of the worker's own module. */
export function serveTraining(runtime: TrainingWorkerOptions): void {
  serveInWorker<WebTraining>((job, context) => performTraining(job, { ...context, runtime }), {
    transfer: ({ onnx, weights }) => [onnx.buffer, weights.buffer],
  });
}
