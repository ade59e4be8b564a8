import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const headers = fileURLToPath(new URL("../../bench", import.meta.url));

/** Whether there is a C compiler, which {@link compileDriver} takes. */
export function hasCompiler(): boolean {
  try {
    execFileSync("cc", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/**
 * Compiles a Vulkan driver that answers as another one does, but for what its source replaces (bench/forwarding-driver.h).
 *
 * @param source its file in C
 * @param folder where it is written; a process that has opened it no longer needs it
 * @param forwarded the library of the driver that answers
 * @returns variables with which the Vulkan loader of a process finds it
 */
export function compileDriver(source: string, folder: string, forwarded: string): Readonly<Record<string, string>> {
  const [library, file] = ["libvk_forwarding.so", "forwarding.json"].map((name) => join(folder, name));
  execFileSync("cc", ["-O1", "-shared", "-fPIC", "-I", headers, "-o", library, source, "-ldl"]);
  const row = { file_format_version: "1.0.0", ICD: { library_path: library, api_version: "1.0.5" } };
  writeFileSync(file, JSON.stringify(row));
  return { FORWARDED_DRIVER: forwarded, VK_DRIVER_FILES: file, VK_ICD_FILENAMES: file };
}
