import { describeChoices } from "../../tensor/choices.ts";
import { createRequire } from "node:module";
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { OptionError } from "../../tensor/errors.ts";
import type { Dataset, ImageFormat } from "../image-set.ts";
import { catalog, datasetNames, type DatasetName, type DatasetSource } from "../catalog.ts";
import { findDatasetName } from "../dataset.ts";
import { loadDataset, missingDataset, requireWhole } from "./dataset-files.ts";
import { type FolderOptions, loadFolder } from "./folder.ts";

/** The folder of an installed package with a data set's uncompressed files. */
function packagedFolder(source: DatasetSource): string | undefined {
  if (source.kind !== "package" || source.folder === undefined) return undefined;
  const name = source.spec.slice(0, source.spec.lastIndexOf("@"));
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), source.folder);
  } catch {
    return undefined;
  }
}

/** The local folder with a data set's files, if there is one. */
export function findDataset(name: DatasetName, cache: string): string | undefined {
  const { files, sources } = catalog[name];
  const holdsAll = (folder: string | undefined): boolean =>
    folder !== undefined && Object.keys(files).every((file) => existsSync(join(folder, file)));
  return [join(cache, name), ...sources.map(packagedFolder)].find(holdsAll);
}

/**
 * Opens a data set by name, or a folder of images by class.
 *
 * @param cache the folder of downloaded data sets
 * @param format the format that a folder's images are converted to
 * @throws {OptionError} if it is neither
 * @throws {EnvironmentError} if it is not on this machine
 * @throws {FormatError} naming the file that is damaged
 */
export async function openDataset(
  nameOrFolder: string,
  cache: string,
  format: ImageFormat,
  options: FolderOptions = {},
): Promise<Dataset> {
  const name = findDatasetName(nameOrFolder);
  if (name !== undefined) {
    const folder = findDataset(name, cache);
    if (folder === undefined) throw missingDataset(name);
    const dataset = await loadDataset(name, folder);
    requireWhole(name, dataset, folder);
    return dataset;
  }
  requireFolder(nameOrFolder);
  return loadFolder(nameOrFolder, format, options);
}

/** @throws {OptionError} if what should be a data set or a folder is neither */
export function requireFolder(folder: string): void {
  if (existsSync(folder) && statSync(folder).isDirectory()) return;
  throw new OptionError(
    "data",
    `"${folder}" is neither a folder nor a data set; ${describeChoices(folder, datasetNames)}`,
  );
}
