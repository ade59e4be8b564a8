import { expect, test } from "vitest";
import { innerLoops, multiply, products } from "../../../test/support/inner-loops.ts";
import { hasRelaxedSimd, withFasterLoops } from "./faster-loops.ts";

const builds = {
  "onnxruntime-web/wasm": new URL("onnxruntime-web/ort-wasm-simd-threaded.wasm", import.meta.url),
  "onnxruntime-web": new URL("onnxruntime-web/ort-wasm-simd-threaded.jsep.wasm", import.meta.url),
  "onnxruntime-web/webgpu": new URL("onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm", import.meta.url),
};

async function fetchBuild(address: URL): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await fetch(address)).arrayBuffer());
}

test("every build is valid with either kind of loops", async () => {
  for (const [name, address] of Object.entries(builds)) {
    const binary = await fetchBuild(address);
    for (const fused of [false, true]) {
      const faster = await withFasterLoops(binary, name, { fused });
      expect(faster.length, name).toBeGreaterThan(binary.length);
      expect(WebAssembly.validate(faster), `${name}, fused: ${fused}`).toBe(true);
    }
  }
});

test("products with fused rounding are close to those of ONNX Runtime's own loops, and not the same", async () => {
  expect(hasRelaxedSimd()).toBe(true);
  const modules = await innerLoops(await fetchBuild(builds["onnxruntime-web/wasm"]), 9, { fused: true });
  expect(modules).toHaveLength(2);
  for (const { original, faster } of modules) {
    let largest = 0;
    for (const product of products) {
      const [own, other] = [multiply(faster, product), multiply(original, product)];
      for (const [place, value] of own.entries()) largest = Math.max(largest, Math.abs(value - other[place]));
    }
    // Sums of up to 33 products of numbers from N(0, 1).
    expect(largest).toBeLessThan(1e-5);
    expect(largest).toBeGreaterThan(0);
  }
});
