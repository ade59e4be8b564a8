import * as ort from "onnxruntime-web/wasm";
import { serveTraining } from "residua/tasks/web";

const wasm = new URL("onnxruntime-web/ort-wasm-simd-threaded.wasm", import.meta.url);
serveTraining({ ort, wasm });
