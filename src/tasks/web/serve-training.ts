import type { WebRuntimeOptions } from "../../runtime/web.ts";
import { errorMessage } from "../../tensor/errors.ts";
import { performTraining } from "./perform-training.ts";
import type { WebAnswer, WebOrder } from "../../train/web/protocol.ts";

/** What a training worker is made with: all that a runtime is but for the threads, which belong to the job. */
export type TrainingWorkerOptions = Omit<WebRuntimeOptions, "threads">;

/** The name that ONNX Runtime gives the workers that are its threads. */
const THREAD_NAME = "em-pthread";

/**
 * Whether this is a thread of ONNX Runtime's. Its bundled build starts its threads from the file that it was bundled into,
 * which is then the training worker's: such a worker must be left to ONNX Runtime.
 */
function isRuntimeThread(): boolean {
  return self.name.startsWith(THREAD_NAME);
}

/** Lets the messages that are waiting through: a run of WebAssembly occupies the worker, and only tasks bring messages. */
function takeMessages(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener("message", () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(undefined);
  });
}

/**
 * Makes the worker that calls it train what its page asks for with `startTraining`. To be called once, at the top of the
 * worker's own module.
 */
export function serveTraining(runtime: TrainingWorkerOptions): void {
  if (isRuntimeThread()) return;
  const answer = (message: WebAnswer, transfer: readonly ArrayBufferLike[] = []): void =>
    globalThis.postMessage(message, { transfer: transfer as ArrayBuffer[] });
  let stopped = false;
  globalThis.addEventListener("message", ({ data }: MessageEvent<WebOrder | undefined>) => {
    if (data?.residua === "stop") stopped = true;
    if (data?.residua !== "start") return;
    performTraining(data.job, {
      runtime,
      report: (event) => answer({ residua: "event", event }),
      shouldStop: async () => {
        await takeMessages();
        return stopped;
      },
    }).then(
      (result) => answer({ residua: "result", result }, [result.onnx.buffer]),
      (error: unknown) => answer({ residua: "error", message: errorMessage(error) }),
    );
  });
}
