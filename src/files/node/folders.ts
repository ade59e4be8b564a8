import { access, constants, mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { EnvironmentError } from "../../tensor/errors.ts";
import { hasCode, toEnvironmentError } from "./failure.ts";
import type { WriteOptions } from "./write.ts";

/**
 * Makes a folder and those above it; an existing folder stays as it is.
 *
 * Avoids Node's own recursion, which never ends if the system reports a folder's parent as missing although it exists,
 * as Linux does in /proc.
 *
 * @param mode permissions of the new folders
 * @returns the folders that were made, the outermost first
 * @throws {EnvironmentError} if a folder cannot be made
 */
export async function makeFolder(path: string, { mode }: WriteOptions = {}): Promise<readonly string[]> {
  try {
    return await makeWithParents(resolve(path), mode);
  } catch (cause) {
    throw toEnvironmentError(path, "cannot make the folder", cause);
  }
}

async function makeWithParents(path: string, mode: number | undefined): Promise<readonly string[]> {
  try {
    return await makeOne(path, mode);
  } catch (error) {
    if (!hasCode(error, "ENOENT") || dirname(path) === path) throw error;
    const above = await makeWithParents(dirname(path), mode);
    return [...above, ...(await makeOne(path, mode))];
  }
}

/** Another process may be making it at the same time. */
async function makeOne(path: string, mode: number | undefined): Promise<readonly string[]> {
  try {
    await mkdir(path, mode);
    return [path];
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    if (!(await stat(path)).isDirectory()) throw new EnvironmentError(path, "is a file, must be a folder");
    return [];
  }
}

/** Whether there is a folder at a path. */
export const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/**
 * Checks, without making anything, that a folder exists or could be made, and is writable: for work whose result is
 * written only at the end.
 *
 * @throws {EnvironmentError} if not
 */
export async function requireWritableFolder(path: string): Promise<void> {
  let nearest = resolve(path);
  try {
    for (;;) {
      const found = await stat(nearest).catch((error: unknown) => {
        if (!hasCode(error, "ENOENT") || dirname(nearest) === nearest) throw error;
      });
      if (found?.isDirectory()) return await access(nearest, constants.W_OK);
      if (found !== undefined) throw new EnvironmentError(path, `"${nearest}" is a file, must be a folder`);
      nearest = dirname(nearest);
    }
  } catch (cause) {
    throw toEnvironmentError(path, "cannot be written to", cause);
  }
}
