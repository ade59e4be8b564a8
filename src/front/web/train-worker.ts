import * as ort from "onnxruntime-web/wasm";
import { serveTraining } from "../../tasks/web/serve-training.ts";

// The package's own worker, on WebAssembly.
serveTraining({ ort, wasm: new URL("onnxruntime-web/ort-wasm-simd-threaded.wasm", import.meta.url) });
