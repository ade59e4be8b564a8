import { expect, test } from "vitest";
import { hasRelaxedSimd, withFasterLoops } from "./faster-loops.ts";

const builds = {
  "onnxruntime-web/wasm": new URL("onnxruntime-web/ort-wasm-simd-threaded.wasm", import.meta.url),
  "onnxruntime-web": new URL("onnxruntime-web/ort-wasm-simd-threaded.jsep.wasm", import.meta.url),
  "onnxruntime-web/webgpu": new URL("onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm", import.meta.url),
};

test("every build is valid with either kind of loops", async () => {
  expect(hasRelaxedSimd()).toBe(true);
  for (const [name, address] of Object.entries(builds)) {
    const binary = new Uint8Array(await (await fetch(address)).arrayBuffer());
    for (const fused of [false, true]) {
      const faster = await withFasterLoops(binary, { fused });
      expect(faster.length, name).toBeGreaterThan(binary.length);
      expect(WebAssembly.validate(faster), `${name}, fused: ${fused}`).toBe(true);
    }
  }
});
