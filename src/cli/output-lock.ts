import { existsSync, rmdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { acquireLock, fileLockPath, folderLockPath, makeFolder } from "../files/node.ts";

const held = new Set<string>();

/** The folders on the way to a path that do not exist yet, the deepest first. */
function missingFolders(path: string): readonly string[] {
  return existsSync(path) ? [] : [path, ...missingFolders(dirname(path))];
}

/** A command that fails before it writes leaves no empty folder. */
function removeEmpty(folders: readonly string[]): void {
  try {
    for (const folder of folders) rmdirSync(folder);
  } catch {
    // It holds a result, as usual.
  }
}

/** Until this process ends; what it holds already it may write to again. */
async function hold(lockPath: string, where: string): Promise<void> {
  const path = resolve(lockPath);
  if (held.has(path)) return;
  const made = missingFolders(dirname(path));
  await makeFolder(dirname(path));
  await acquireLock(path, where);
  held.add(path);
  // After the lock, which acquireLock removes at the same event.
  if (made.length > 0) process.once("exit", () => removeEmpty(made));
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
