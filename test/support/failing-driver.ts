import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileDriver, hasCompiler } from "../../src/bench/forwarding-driver.ts";
import { adapterEnvironment } from "./software-adapter.ts";

const source = fileURLToPath(new URL("failing-driver.c", import.meta.url));

/** Whether a driver that fails can be made here: it takes a C compiler and the software adapter. */
export function canFail(): boolean {
  if (hasCompiler()) return adapterEnvironment["LD_LIBRARY_PATH"] !== undefined;
  console.warn("tests of devices that fail are left out: there is no C compiler");
  return false;
}

/**
 * Compiles a Vulkan driver that computes as the software adapter does and fails when it is told to.
 *
 * @returns variables with which a process finds it, and the file at which the device is lost
 */
export function makeFailingDriver(folder: string): { readonly env: NodeJS.ProcessEnv; readonly sign: string } {
  const sign = join(folder, "lost");
  const loaders = adapterEnvironment["LD_LIBRARY_PATH"]!;
  const driver = compileDriver(source, folder, join(loaders, "libvk_swiftshader.so"));
  return { env: { LD_LIBRARY_PATH: loaders, LOSE_AT: sign, ...driver }, sign };
}
