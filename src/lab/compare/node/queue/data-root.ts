import { realpathSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { join, sep } from "node:path";
import { findDatasetName } from "../../../../data/dataset.ts";
import { EnvironmentError, OptionError } from "../../../../tensor/errors.ts";

/**
 * Where a job's data lie on this machine: a known data set stays its name, a folder lies below the worker's folder of data, whatever
 * symbolic links say.
 *
 * @throws {EnvironmentError} if this worker has no such folder; another one may
 * @throws {OptionError} if it leads elsewhere
 */
export function placeData(data: string, root: string | undefined): string {
  if (findDatasetName(data) !== undefined) return data;
  const place = root === undefined ? undefined : realPath(join(root, data));
  if (root === undefined || place === undefined || !statSync(place).isDirectory())
    throw new EnvironmentError(data, `is no folder below the folder of data of the worker on ${hostname()}`);
  if (place.startsWith(`${requireDataRoot(root)}${sep}`)) return place;
  throw new OptionError("data", `"${data}" leads out of the folder of data of the worker on ${hostname()}`);
}

/** @throws {EnvironmentError} if it is not a folder */
export function requireDataRoot(root: string): string {
  const place = realPath(root);
  if (place === undefined || !statSync(place).isDirectory())
    throw new EnvironmentError(root, "is not a folder; give the one below which folders of images lie");
  return place;
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
