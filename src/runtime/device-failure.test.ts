import { expect, test } from "vitest";
import { DeviceLostError, explainDeviceFailure } from "./device-failure.ts";

/** What Dawn says by way of ONNX Runtime 1.30, as seen with a driver that fails, and what ONNX Runtime's CUDA backend says by its source. */
test.each([
  ["webgpu", "Failed to download data from buffer. wgpu::MapAsyncStatus value: 4, message: [Device] is lost.", "lost"],
  ["webgpu", "WebGPU validation failed. [Invalid Buffer (unlabeled)] is invalid due to a previous error.", "memory"],
  ["cuda", "CUDA failure 2: out of memory ; GPU=0 ; hostname=here", "memory"],
  ["cuda", "BFCArena: Available memory of 10 is smaller than requested bytes of 20", "memory"],
])("on %s, %s is explained", (device, reason, kind) => {
  const explained = explainDeviceFailure(device, new Error(reason))!;
  expect(explained instanceof DeviceLostError).toBe(kind === "lost");
  expect(explained.message).toContain(kind === "lost" ? `${device} was lost: ` : `${device} ran out of memory; `);
});

test("a failure that is not the device's is not blamed on it", () => {
  for (const reason of [
    "Failed to allocate memory for requested buffer of size 10",
    "Too many storage buffers in shader. Current: 13, Max is 12",
    "Invalid rank for input: x",
  ])
    expect(explainDeviceFailure("webgpu", new Error(reason))).toBeUndefined();
});
