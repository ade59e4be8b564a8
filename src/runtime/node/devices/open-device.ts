import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { float32 } from "../../../tensor/tensor.ts";
import type { ComputedOn } from "../../computed-on.ts";
import type { Device } from "../../device.ts";
import { createNodeRuntime } from "../../node.ts";
import type { Runtime } from "../../runtime.ts";
import { copyModel } from "../../tensor-reader.ts";

/** A device that has run a model. */
export interface OpenedDevice {
  readonly runtime: Runtime;
  /** What drives it, as far as that is known: libraries of Vulkan drivers, Metal, Direct3D 12. */
  readonly driver?: string;
}

/** A device and what drives it, as runs record it; undefined for the processor. */
export function nameDevice({ runtime: { device }, driver }: OpenedDevice): string | undefined {
  if (device === "cpu") return undefined;
  return driver === undefined ? device : `${device} (${driver})`;
}

/** The same, as results say it. */
export function computedOn(opened: OpenedDevice): ComputedOn {
  const device = nameDevice(opened);
  return device === undefined ? {} : { device };
}

/** Libraries of Vulkan drivers, as they are called by Mesa, NVIDIA, AMD, Intel and SwiftShader. */
const VULKAN_DRIVER = /\/(?:libvulkan_\w+|libvk_swiftshader|libGLX_nvidia|libnvidia-vulkan\w*|amdvlk\w*)\.so[.\d]*$/;

/** The names of Vulkan drivers in the text of Linux's /proc/self/maps. */
export function findVulkanDrivers(maps: string): readonly string[] {
  const paths = maps.split("\n").map((line) => line.slice(line.indexOf("/")));
  return [...new Set(paths.filter((path) => VULKAN_DRIVER.test(path)).map((path) => basename(path)))];
}

/** ONNX Runtime does not tell which adapter it took, but the system tells which drivers this process has loaded. */
function findDriver(device: Device): string | undefined {
  if (device !== "webgpu") return undefined;
  if (process.platform === "darwin") return "Metal";
  if (process.platform === "win32") return "Direct3D 12";
  try {
    return findVulkanDrivers(readFileSync("/proc/self/maps", "latin1")).join(", ") || undefined;
  } catch {
    return undefined;
  }
}

/**
 * Opens a device for Node and runs a model there, so that one that cannot be had is known before any work begins.
 *
 * @throws {EnvironmentError} naming what is missing and what to do
 */
export async function openDevice(device: Device = "cpu"): Promise<OpenedDevice> {
  const runtime = createNodeRuntime(device);
  if (device === "cpu") return { runtime };
  const session = await runtime.load(copyModel("float32", 1));
  try {
    await session.run({ x: float32([1], [1]) });
    const driver = findDriver(device);
    return { runtime, ...(driver === undefined ? {} : { driver }) };
  } finally {
    await session.release();
  }
}
