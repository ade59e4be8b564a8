import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { chromium } from "playwright";
import { findChromium } from "../../scripts/chromium.mjs";
import { openDevice } from "../../src/runtime/node/devices/open-device.ts";
import { errorMessage } from "../../src/tensor/errors.ts";

/** What Chromium brings along: Khronos' loader, and SwiftShader, a driver for Vulkan that computes on the processor. */
const [loader, driver, icd] = ["libvulkan.so.1", "libvk_swiftshader.so", "vk_swiftshader_icd.json"];

/** Chromium's folder, if it has both. */
function findSwiftShader(): string | undefined {
  const programs = [findChromium(), chromium.executablePath()].filter((path) => path !== undefined && existsSync(path));
  const folders = [...programs.map((path) => dirname(realpathSync(path!))), "/usr/lib/chromium"];
  return folders.find((folder) => [loader, driver, icd].every((name) => existsSync(join(folder, name))));
}

const folder = findSwiftShader();

/** Variables with which a process finds the software adapter; none if there is only what the system has. */
export const adapterEnvironment: NodeJS.ProcessEnv =
  folder === undefined
    ? {}
    : { LD_LIBRARY_PATH: folder, VK_DRIVER_FILES: join(folder, icd), VK_ICD_FILENAMES: join(folder, icd) };

/** Loads a library for good, so that the dynamic linker knows it by its name from then on: RTLD_LAZY and RTLD_NODELETE of glibc. */
const FOR_GOOD = 0x1 | 0x1000;

/** Makes the software adapter known to this process, which the dynamic linker's variables reach too late. */
function takeSoftwareAdapter(): void {
  if (folder === undefined) return;
  Object.assign(process.env, adapterEnvironment);
  try {
    process.dlopen({ exports: {} }, join(folder, loader), FOR_GOOD);
  } catch {
    // It is no module of Node's, which is said after it was loaded.
  }
}

/**
 * Whether this process has a WebGPU adapter. Without one, tests on it are left out, which is printed.
 *
 * @throws in CI, where it must be there
 */
export async function hasAdapter(): Promise<boolean> {
  takeSoftwareAdapter();
  try {
    await openDevice("webgpu");
    return true;
  } catch (error) {
    if (process.env["CI"] !== undefined) throw error;
    console.warn(`tests on WebGPU are left out: ${errorMessage(error)}`);
    return false;
  }
}
