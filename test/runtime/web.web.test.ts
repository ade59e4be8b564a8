import * as faster from "onnxruntime-web";
import * as wasm from "onnxruntime-web/wasm";
import * as webgpu from "onnxruntime-web/webgpu";
import { describe, expect, test } from "vitest";
import { portableChoices } from "../../src/compile/portable/choices.ts";
import { createPortableLowering } from "../../src/compile/portable/lowering.ts";
import { createWebRuntime } from "../../src/runtime/web.ts";
import { nameWebDevice } from "../../src/runtime/web/adapter.ts";
import { float32 } from "../../src/tensor/tensor.ts";
import { hasWebAdapter } from "../support/web-adapter.ts";
import { recurrenceModel } from "./models.ts";
import { runtimeSuite } from "./suite.ts";

/** Served as it is, from the folder of the tests. */
async function readGolden(name: string): Promise<Uint8Array> {
  const response = await fetch(`/test/golden/${name}`);
  return new Uint8Array(await response.arrayBuffer());
}

const address = new URL("onnxruntime-web/ort-wasm-simd-threaded.jsep.wasm", import.meta.url);

for (const [name, openRuntime] of [
  ["web, WebAssembly", () => createWebRuntime({ ort: wasm, threads: 2 })],
  ["web, WebAssembly with faster loops", () => createWebRuntime({ ort: faster, threads: 2, wasm: address })],
] as const) {
  runtimeSuite(name, openRuntime, { lowering: createPortableLowering(portableChoices.wasm), readGolden });
}

describe.runIf(await hasWebAdapter())("where the browser has WebGPU", () => {
  const openRuntime = () => createWebRuntime({ ort: webgpu, threads: 1 });
  runtimeSuite("web, WebGPU", openRuntime, {
    session: { executionProviders: ["webgpu"] },
    lowering: createPortableLowering(portableChoices.webgpu),
    readGolden,
  });

  test("the adapter has a name, which runs record, and WebAssembly has none", async () => {
    expect(await nameWebDevice("webgpu")).toMatch(/^webgpu \(.+\)$/);
    expect(await nameWebDevice("wasm")).toBeUndefined();
  });

  test("what WebGPU keeps on the device cannot be used once it is disposed of or its session released", async () => {
    const session = await openRuntime().load(recurrenceModel(2, 2), {
      executionProviders: ["webgpu"],
      keepOnDevice: ["next"],
    });
    const first = await session.run({ state: float32([2], [1, 2]) });
    const second = await session.run({ state: first.next });
    first.next.dispose();
    await expect(session.run({ state: first.next })).rejects.toThrow('input "state": was disposed of');
    await session.release();
    await expect(second.next.read()).rejects.toThrow("was disposed of, or its session was released");
  });
});
