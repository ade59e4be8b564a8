import { explainDeviceFailure } from "./device-failure.ts";
import { createOrtRuntime } from "./onnxruntime.ts";
import type { OrtModule } from "./onnxruntime-module.ts";
import type { Runtime } from "./runtime.ts";
import { OptionError } from "../tensor/errors.ts";
import { giveBinary } from "./web/binary.ts";

/** Where and how ONNX Runtime's WebAssembly runs. */
export interface WebRuntimeOptions {
  /** The module: `onnxruntime-web/wasm` for WebAssembly, `onnxruntime-web/webgpu` for both. */
  readonly ort: OrtModule;
  /** Threads; more than one needs a cross-origin isolated page. They are fixed when the first model is loaded. */
  readonly threads?: number;
  /** Address of the folder with the .wasm files, if the bundler does not place them. */
  readonly wasmPaths?: string;
  /**
   * Address of the .wasm file that belongs to the module: `ort-wasm-simd-threaded.wasm` to `onnxruntime-web/wasm`,
   * `….jsep.wasm` to `onnxruntime-web`, `….asyncify.wasm` to `onnxruntime-web/webgpu`. It is then fetched and given
   * faster inner loops for matrix products and convolutions before ONNX Runtime compiles it, which happens once, for
   * the module's first session. Without it, ONNX Runtime's own file runs unchanged.
   */
  readonly wasm?: string | URL;
}

/** Each thread is a worker with memory of its own. @throws {OptionError} for more than a few per processor */
function requireThreads(threads: number | undefined): void {
  const most = 4 * (globalThis.navigator?.hardwareConcurrency ?? 16);
  if (threads === undefined || (Number.isInteger(threads) && threads > 0 && threads <= most)) return;
  throw new OptionError("threads", `must be a whole number from 1 to ${most}, got ${threads}`);
}

/**
 * ONNX Runtime in a page or worker. With the execution provider "webgpu", outputs named in `keepOnDevice` stay in GPU
 * memory until they are disposed of. WebAssembly's `run` blocks the calling thread: use a worker if a page must stay
 * responsive.
 */
export function createWebRuntime({ ort, threads, wasmPaths, wasm }: WebRuntimeOptions): Runtime {
  requireThreads(threads);
  if (threads !== undefined) ort.env.wasm.numThreads = threads;
  if (wasmPaths !== undefined) ort.env.wasm.wasmPaths = wasmPaths;
  return createOrtRuntime(ort, {
    name: "web",
    version: ort.env.versions.web ?? ort.env.versions.common,
    hasBlockedDomain: false,
    writesInPlace: false,
    device: "wasm",
    explainRun: (error) => explainDeviceFailure("webgpu", error),
    beforeLoad: async () => {
      if (wasm !== undefined) await giveBinary(ort, String(wasm));
    },
    sessionOptions: ({ executionProviders = ["wasm"], keepOnDevice = [] }) => ({
      executionProviders: [...executionProviders],
      // WebAssembly alone has nowhere else to keep them, and refuses the option.
      ...(executionProviders.includes("webgpu") && keepOnDevice.length > 0
        ? { preferredOutputLocation: Object.fromEntries(keepOnDevice.map((name) => [name, "gpu-buffer" as const])) }
        : {}),
    }),
  });
}
