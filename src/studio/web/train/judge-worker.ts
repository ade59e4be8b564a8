import { serveInWorker } from "../../../jobs/web/worker.ts";
import { open } from "../../../web.ts";
import { judge } from "../../judge.ts";
import type { judging } from "./judge-job.ts";

const wasm = new URL("onnxruntime-web/ort-wasm-simd-threaded.wasm", import.meta.url);

serveInWorker<typeof judging>(
  (input, { report }) => judge(input, (onnx) => open(onnx, { task: "classify", name: "network.onnx", wasm }), report),
  { transfer: ({ scores }) => [scores.buffer] },
);
