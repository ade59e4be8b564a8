import type { OrtModule } from "../../runtime/onnxruntime-module.ts";
import type { Runtime, SessionOptions } from "../../runtime/runtime.ts";
import { createWebRuntime } from "../../runtime/web.ts";
import { oneOf } from "../../tensor/errors.ts";
import { onlyGiven } from "../options.ts";
import type { RuntimeOptions } from "./types.ts";

/** The module that belongs to a device, loaded when it is wanted. */
async function loadOrt(device: "wasm" | "webgpu"): Promise<OrtModule> {
  return device === "wasm" ? import("onnxruntime-web/wasm") : import("onnxruntime-web/webgpu");
}

/** A runtime in the calling thread, and how its sessions run. */
export async function openRuntime(options: RuntimeOptions & { readonly threads?: number }): Promise<{
  readonly runtime: Runtime;
  readonly ort: OrtModule;
  readonly session: SessionOptions;
}> {
  // Threads would load the page's own bundle once more and run it, so there is one unless more are asked for.
  const { threads = 1, wasmPaths, wasm } = options;
  const device = oneOf("device", options.device ?? "wasm", ["wasm", "webgpu"]);
  const ort = options.ort ?? (await loadOrt(device));
  const runtime = createWebRuntime({ ort, threads, ...onlyGiven({ wasmPaths, wasm }) });
  return { runtime, ort, session: { executionProviders: [device], memoryPattern: device === "wasm" } };
}
