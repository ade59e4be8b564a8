import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseStoreAddress, type StoreAddress } from "./address.ts";

/** The location of a project's runs. */
export interface ProjectFolder {
  /** The `.residua` folder. */
  readonly path: string;
  readonly artifacts: string;
  readonly unsent: string;
}

/** The `.residua` folder of this folder or the nearest one above it; this folder's own if there is none yet. */
export function findProject(from: string): ProjectFolder {
  let folder = resolve(from);
  const first = folder;
  while (!existsSync(join(folder, ".residua")) && dirname(folder) !== folder) folder = dirname(folder);
  const path = join(existsSync(join(folder, ".residua")) ? folder : first, ".residua");
  return { path, artifacts: join(path, "artifacts"), unsent: join(path, "unsent") };
}

/** Resolves the store: the given address, or the project's own file. */
export function chooseStore(project: ProjectFolder, given: string | undefined, where?: string): StoreAddress {
  return given === undefined || given === ""
    ? { kind: "sqlite", path: join(project.path, "runs.db") }
    : parseStoreAddress(given, where);
}
