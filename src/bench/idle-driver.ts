import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { compileDriver, hasCompiler } from "./forwarding-driver.ts";

const source = fileURLToPath(new URL("../../bench/idle-driver.c", import.meta.url));

/** What a loader reads about a driver. */
interface DriverFile {
  readonly ICD: { readonly library_path: string };
}

/**
 * Puts a driver that computes nothing before the one that VK_DRIVER_FILES names, so that a software adapter, too, is through with a
 * step in seconds. It has to be called before this process opens a device.
 *
 * @param folder where it is compiled
 * @returns why each step is computed all the same; undefined if the driver is there
 */
export function takeIdleDriver(folder: string): string | undefined {
  const named = process.env["VK_DRIVER_FILES"];
  if (named === undefined) return "VK_DRIVER_FILES names no driver";
  if (!hasCompiler()) return "there is no C compiler";
  const { ICD } = JSON.parse(readFileSync(named, "utf8")) as DriverFile;
  // A path with a slash is relative to the file, a bare name is searched for.
  const path = ICD.library_path.includes("/") ? resolve(dirname(named), ICD.library_path) : ICD.library_path;
  Object.assign(process.env, compileDriver(source, folder, path));
  return undefined;
}
