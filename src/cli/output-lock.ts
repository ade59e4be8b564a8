import { statSync } from "node:fs";
import { resolve } from "node:path";
import { acquireLock, fileLockPath, folderLockPath } from "../files/node.ts";

const held = new Set<string>();

/** Until this process ends; what it holds already it may write to again. */
async function hold(lockPath: string, where: string): Promise<void> {
  const path = resolve(lockPath);
  if (held.has(path)) return;
  await acquireLock(path, where);
  held.add(path);
}

/** Lets no other command write to a folder until this one ends. @throws {EnvironmentError} if one does */
export function holdFolder(folder: string): Promise<void> {
  return hold(folderLockPath(folder), folder);
}

/** Lets no other command write to a file until this one ends; devices take all. @throws {EnvironmentError} if one does */
export async function holdFile(path: string): Promise<void> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || found.isFile()) await hold(fileLockPath(path), path);
}
