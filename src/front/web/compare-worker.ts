import * as ort from "onnxruntime-web/wasm";
import { serveComparison } from "../../lab/compare/web/serve.ts";

// The package's own worker, on WebAssembly.
serveComparison({ ort, wasm: new URL("onnxruntime-web/ort-wasm-simd-threaded.wasm", import.meta.url) });
