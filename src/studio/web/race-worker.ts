import * as ort from "onnxruntime-web/wasm";
import { serveInWorker } from "../../jobs/web/worker.ts";
import { createWebRuntime } from "../../runtime/web.ts";
import { loadDigits } from "./load-digits.ts";
import type { Lane } from "./race-protocol.ts";
import { trainLane } from "./train-lane.ts";

// One network of a race, in one thread: the networks of a race share the processor, not a network the threads.
serveInWorker<Lane>(async ({ digits, ...job }, context) => {
  const wasm = new URL("onnxruntime-web/ort-wasm-simd-threaded.wasm", import.meta.url);
  return trainLane(job, await loadDigits(digits), createWebRuntime({ ort, wasm, threads: 1 }), context);
});
