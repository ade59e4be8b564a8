import { createOrtRuntime, type OrtModule } from "./onnxruntime.ts";
import type { Runtime } from "./runtime.ts";

/** Where and how ONNX Runtime's WebAssembly runs. */
export interface WebRuntimeOptions {
  /** The module: `onnxruntime-web` for WebAssembly, `onnxruntime-web/webgpu` for both. */
  readonly ort: OrtModule;
  /** Threads; more than one needs a cross-origin isolated page. They are fixed when the first model is loaded. */
  readonly threads?: number;
  /** Address of the folder that holds the .wasm files, where the bundler does not place them. */
  readonly wasmPaths?: string;
}

/** ONNX Runtime in a page or worker. Outputs named in `keepOnDevice` stay in the graphics processor's memory. */
export function createWebRuntime({ ort, threads, wasmPaths }: WebRuntimeOptions): Runtime {
  if (threads !== undefined) ort.env.wasm.numThreads = threads;
  if (wasmPaths !== undefined) ort.env.wasm.wasmPaths = wasmPaths;
  return createOrtRuntime(ort, {
    name: "web",
    version: ort.env.versions.web ?? ort.env.versions.common,
    hasBlockedDomain: false,
    sessionOptions: ({ executionProviders, keepOnDevice }) => ({
      executionProviders: [...(executionProviders ?? ["wasm"])],
      ...(keepOnDevice === undefined
        ? {}
        : { preferredOutputLocation: Object.fromEntries(keepOnDevice.map((name) => [name, "gpu-buffer" as const])) }),
    }),
  });
}
