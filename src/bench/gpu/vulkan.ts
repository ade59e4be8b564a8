import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** What of Vulkan this machine has, by the places in which its loader looks. */
export interface VulkanFiles {
  /** The loader's library; undefined if the dynamic linker knows none. */
  readonly loader?: string;
  /** Manifests of drivers, with the library that each names. */
  readonly drivers: readonly { readonly manifest: string; readonly library: string }[];
}

/** Where the loader looks for manifests unless variables name them. @source Khronos, "Vulkan Loader Driver Interface" */
const folders = ["/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/usr/share/vulkan/icd.d"];

function findLoader(): string | undefined {
  const own = (process.env["LD_LIBRARY_PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const found = own.flatMap((folder) => list(folder)).find((path) => path.endsWith("/libvulkan.so.1"));
  if (found !== undefined) return found;
  try {
    const cache = execFileSync("/sbin/ldconfig", ["-p"], { encoding: "utf8", maxBuffer: 2 ** 24 });
    return /libvulkan\.so\.1 .*=> (.+)/.exec(cache)?.[1];
  } catch {
    return undefined;
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function libraryOf(manifest: string): string {
  try {
    const { ICD } = JSON.parse(readFileSync(manifest, "utf8")) as {
      readonly ICD?: { readonly library_path?: unknown };
    };
    return typeof ICD?.library_path === "string" ? ICD.library_path : "no library named";
  } catch {
    return "not readable";
  }
}

/** Looks for Vulkan's loader and for manifests of drivers. */
export function findVulkan(): VulkanFiles {
  const named = process.env["VK_DRIVER_FILES"] ?? process.env["VK_ICD_FILENAMES"];
  const manifests =
    named?.split(delimiter) ??
    [...folders, join(homedir(), ".local/share/vulkan/icd.d")].flatMap(list).filter((path) => path.endsWith(".json"));
  const loader = findLoader();
  return {
    ...(loader === undefined ? {} : { loader }),
    drivers: manifests.map((manifest) => ({ manifest, library: libraryOf(manifest) })),
  };
}
