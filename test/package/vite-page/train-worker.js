import * as ort from "onnxruntime-web/wasm";
import { serveTraining } from "residua/train/web";

const wasm = new URL("onnxruntime-web/ort-wasm-simd-threaded.wasm", import.meta.url);
serveTraining({ ort, wasm });
