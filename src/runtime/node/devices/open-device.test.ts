import { expect, test } from "vitest";
import { createNodeRuntime } from "../../node.ts";
import { findVulkanDrivers, nameDevice } from "./open-device.ts";

const maps = `7f01a0000000-7f01a0021000 rw-p 00000000 00:00 0
7f01b0000000-7f01b0a00000 r-xp 00000000 08:01 1311 /usr/lib/x86_64-linux-gnu/libvulkan.so.1.3.239
7f01c0000000-7f01c0a00000 r-xp 00000000 08:01 1312 /usr/lib/x86_64-linux-gnu/libvulkan_radeon.so
7f01c0a00000-7f01c0b00000 rw-p 00a00000 08:01 1312 /usr/lib/x86_64-linux-gnu/libvulkan_radeon.so
7f01d0000000-7f01d0a00000 r-xp 00000000 08:01 1313 /usr/lib/x86_64-linux-gnu/libGLX_nvidia.so.0
7f01e0000000-7f01e0a00000 r-xp 00000000 08:01 1314 /opt/my libs/libvk_swiftshader.so
7f01f0000000-7f01f0a00000 r-xp 00000000 08:01 1315 /usr/lib/x86_64-linux-gnu/libstdc++.so.6`;

test("each Vulkan driver that a process has loaded is named once, the loader is not", () => {
  expect(findVulkanDrivers(maps)).toEqual(["libvulkan_radeon.so", "libGLX_nvidia.so.0", "libvk_swiftshader.so"]);
});

test("a run records its device with what drives it, and nothing for the processor", () => {
  const runtime = { ...createNodeRuntime(), device: "webgpu" } as const;
  expect(nameDevice({ runtime, driver: "libvulkan_radeon.so" })).toBe("webgpu (libvulkan_radeon.so)");
  expect(nameDevice({ runtime })).toBe("webgpu");
  expect(nameDevice({ runtime: createNodeRuntime(), driver: "none" })).toBeUndefined();
});
