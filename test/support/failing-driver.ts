import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { adapterEnvironment } from "./software-adapter.ts";

const source = fileURLToPath(new URL("failing-driver.c", import.meta.url));

/** Whether a driver that fails can be made here: it takes a C compiler and the software adapter. */
export function canFail(): boolean {
  try {
    execFileSync("cc", ["--version"], { stdio: "ignore" });
    return adapterEnvironment["LD_LIBRARY_PATH"] !== undefined;
  } catch {
    console.warn("tests of devices that fail are left out: there is no C compiler");
    return false;
  }
}

/**
 * Compiles a Vulkan driver that computes as the software adapter does and fails when it is told to.
 *
 * @returns variables with which a process finds it, and the file at which the device is lost
 */
export function makeFailingDriver(folder: string): { readonly env: NodeJS.ProcessEnv; readonly sign: string } {
  const [library, icd, sign] = ["libvk_failing.so", "failing.json", "lost"].map((name) => join(folder, name));
  execFileSync("cc", ["-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"]);
  const row = { file_format_version: "1.0.0", ICD: { library_path: library, api_version: "1.0.5" } };
  writeFileSync(icd, JSON.stringify(row));
  const loaders = adapterEnvironment["LD_LIBRARY_PATH"]!;
  return {
    env: {
      LD_LIBRARY_PATH: loaders,
      FAILING_DRIVER: join(loaders, "libvk_swiftshader.so"),
      VK_DRIVER_FILES: icd,
      VK_ICD_FILENAMES: icd,
      LOSE_AT: sign,
    },
    sign,
  };
}
