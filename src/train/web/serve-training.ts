import type { OrtModule } from "../../runtime/onnxruntime-module.ts";
import { errorMessage } from "../../tensor/errors.ts";
import { performTraining } from "./perform-training.ts";
import type { WebAnswer, WebOrder } from "./protocol.ts";

/** What a training worker is made with. */
export interface TrainingWorkerOptions {
  /** The module: `onnxruntime-web/wasm` for WebAssembly, `onnxruntime-web/webgpu` for both. */
  readonly ort: OrtModule;
  /** Address of the folder that holds the .wasm files, where the bundler does not place them. */
  readonly wasmPaths?: string;
  /** Address of the .wasm file that belongs to the module; with it training is faster. See `createWebRuntime`. */
  readonly wasm?: string | URL;
}

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
export function serveTraining({ ort, wasmPaths, wasm }: TrainingWorkerOptions): void {
  if (isRuntimeThread()) return;
  const answer = (message: WebAnswer, transfer: readonly ArrayBufferLike[] = []): void =>
    globalThis.postMessage(message, { transfer: transfer as ArrayBuffer[] });
  let stopped = false;
  globalThis.addEventListener("message", ({ data }: MessageEvent<WebOrder | undefined>) => {
    if (data?.residua === "stop") stopped = true;
    if (data?.residua !== "start") return;
    performTraining(data.job, {
      ort,
      ...(wasmPaths === undefined ? {} : { wasmPaths }),
      ...(wasm === undefined ? {} : { wasm }),
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
