import * as ort from "onnxruntime-web/wasm";
import { expect, test } from "vitest";
import { createWebRuntime } from "../../src/runtime/web.ts";
import { recurrenceModel } from "../runtime/models.ts";

// In a file, and so in a page, of its own: after this ONNX Runtime starts no more.
test("the .wasm file of another build is refused in words", async () => {
  const wasm = new URL("onnxruntime-web/ort-wasm-simd-threaded.jsep.wasm", import.meta.url);
  const runtime = createWebRuntime({ ort, threads: 1, wasm });
  await expect(runtime.load(recurrenceModel(2, 2))).rejects.toThrow(
    "the .wasm file belongs to another build; give the one",
  );
});
