import { access, constants, mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { EnvironmentError } from "../../tensor/errors.ts";
import { hasCode, toEnvironmentError } from "./failure.ts";
import type { WriteOptions } from "./write.ts";

/**
 * Makes a folder and those above it; a folder that is there stays as it is.
 *
 * Not by Node's own recursion, which never ends where a system answers that a folder's parent is missing although it is
 * there, as Linux does in /proc.
 *
 * @param mode of the folders that are made
 * @throws {EnvironmentError} if that is not possible
 */
export async function makeFolder(path: string, { mode }: WriteOptions = {}): Promise<void> {
  try {
    await makeWithParents(resolve(path), mode);
  } catch (cause) {
    throw toEnvironmentError(path, "cannot make the folder", cause);
  }
}

async function makeWithParents(path: string, mode: number | undefined): Promise<void> {
  try {
    await makeOne(path, mode);
  } catch (error) {
    if (!hasCode(error, "ENOENT") || dirname(path) === path) throw error;
    await makeWithParents(dirname(path), mode);
    await makeOne(path, mode);
  }
}

/** Another process may be making it at the same time. */
async function makeOne(path: string, mode: number | undefined): Promise<void> {
  try {
    await mkdir(path, mode);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    if (!(await stat(path)).isDirectory()) throw new EnvironmentError(path, "is a file, must be a folder");
  }
}

/**
 * Finds out, without making anything, that a folder is there or could be made, and may be written to: for work whose
 * result is written only at its end.
 *
 * @throws {EnvironmentError} if it is not so
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
