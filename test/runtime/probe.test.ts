import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { createNodeRuntime } from "../../src/runtime/node.ts";
import { probeBlockSize } from "../../src/runtime/probe.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { ResiduaError } from "../../src/tensor/errors.ts";
import { zeros } from "../../src/tensor/tensor.ts";

/** A runtime whose one output has these extents. */
function runtimeThatReturns(shape: readonly number[]): Runtime {
  const y = { ...zeros("float32", shape), read: async () => zeros("float32", shape), dispose: () => undefined };
  const session = {
    inputs: [],
    outputs: [],
    inputNames: ["x"],
    outputNames: ["y"],
    run: async () => ({ y }),
    endProfiling: () => undefined,
    release: async () => undefined,
  };
  return {
    name: "node",
    version: "0",
    hasBlockedDomain: true,
    writesInPlace: true,
    device: "cpu",
    load: async () => session,
  };
}

test.each([
  [16, 16],
  [8, 8],
  [4, undefined],
])("%s channels out of four are a block of %s", async (channels, block) => {
  expect(await probeBlockSize(runtimeThatReturns([1, channels, 1, 1]))).toBe(block);
});

test("a runtime that refuses the blocked operators has no block size", async () => {
  const refusing: Runtime = {
    ...runtimeThatReturns([]),
    load: () => Promise.reject(new ResiduaError("model", "refused")),
  };
  expect(await probeBlockSize(refusing)).toBeUndefined();
});

test("a runtime without the blocked domain is not asked, others once", async () => {
  const load = vi.fn<Runtime["load"]>(runtimeThatReturns([1, 16, 1, 1]).load);
  const asked: Runtime = { ...runtimeThatReturns([]), load };
  const without: Runtime = { ...asked, hasBlockedDomain: false };
  expect(await Promise.all([asked, asked, without].map(probeBlockSize))).toEqual([16, 16, undefined]);
  expect(load).toHaveBeenCalledOnce();
});

test.runIf(process.arch === "x64" && process.platform === "linux")(
  "the block size of this machine is what its vector instructions give",
  async () => {
    const flags = readFileSync("/proc/cpuinfo", "utf8").split(/\s+/);
    const expected = flags.includes("avx512f") ? 16 : flags.includes("avx2") ? 8 : undefined;
    expect(await probeBlockSize(createNodeRuntime())).toBe(expected);
  },
);
