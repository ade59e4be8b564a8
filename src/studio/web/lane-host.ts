import * as ort from "onnxruntime-web/wasm";
import { portableChoices } from "../../compile/portable/choices.ts";
import { createPortableLowering } from "../../compile/portable/lowering.ts";
import { createWebRuntime } from "../../runtime/web.ts";
import type { LaneHost } from "../train-lane.ts";

/** What a page's worker computes a network of a race with: one thread, since the networks share the processor. */
export function openLaneHost(): LaneHost {
  const wasm = new URL("onnxruntime-web/ort-wasm-simd-threaded.wasm", import.meta.url);
  return {
    runtime: createWebRuntime({ ort, wasm, threads: 1 }),
    lowering: createPortableLowering(portableChoices.wasm),
    session: { executionProviders: ["wasm"] },
  };
}
