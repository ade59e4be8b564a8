import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("../../bench/idle-driver.c", import.meta.url));

/** What a loader reads about a driver. */
interface DriverFile {
  readonly file_format_version: string;
  readonly ICD: { readonly library_path: string; readonly api_version: string };
}

/**
 * Puts a driver that computes nothing before the one that VK_DRIVER_FILES names, so that a software adapter, too, is through with a
 * step in seconds. It takes a C compiler, and has to be called before this process opens a device.
 *
 * @param folder where it is compiled
 * @returns whether it is there; without VK_DRIVER_FILES, a step is computed
 */
export function takeIdleDriver(folder: string): boolean {
  const named = process.env["VK_DRIVER_FILES"];
  if (named === undefined) return false;
  const { ICD, ...rest } = JSON.parse(readFileSync(named, "utf8")) as DriverFile;
  // A path with a slash is relative to the file, a bare name is searched for.
  const path = ICD.library_path.includes("/") ? resolve(dirname(named), ICD.library_path) : ICD.library_path;
  const [library, file] = ["libvk_idle.so", "idle.json"].map((name) => join(folder, name));
  execFileSync("cc", ["-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"]);
  writeFileSync(file, JSON.stringify({ ...rest, ICD: { ...ICD, library_path: library } }));
  Object.assign(process.env, { IDLE_DRIVER: path, VK_DRIVER_FILES: file, VK_ICD_FILENAMES: file });
  return true;
}
