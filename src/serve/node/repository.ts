import { readdir, stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { toEnvironmentError } from "../../files/node.ts";
import { requireReady } from "../../ready/names.ts";
import { openReadyIndex } from "../../ready/node/index-file.ts";
import { isBareName } from "../../ready/ready-network.ts";
import { OptionError } from "../../tensor/errors.ts";

/** A version of a model on the disk. */
export interface ModelFile {
  readonly name: string;
  /** A whole number as text; "1" for a file that is no version of anything. */
  readonly version: string;
  /** Of a ready network, its name. */
  readonly path: string;
  /** Whether it is a ready network, which its name and the index of these find. */
  readonly isReady?: boolean;
}

/** File endings of networks. */
const endings = [".onnx", ".safetensors", ".pth", ".pt", ".h5", ".keras"];

/** Endings of sealed files, which hold a network's. */
const seals = /\.(age|sealed)$/;

/** Whether a file is sealed, by its name. */
export function isSealed(path: string): boolean {
  return seals.test(path);
}

/** The name of what a sealed file holds; any other's own name. */
export function withoutSeal(path: string): string {
  return path.replace(seals, "");
}

function stemOf(path: string): string {
  const bare = withoutSeal(path);
  return basename(bare, extname(bare));
}

/** A model's name in an address: letters, digits, and `._-`. */
const NAME = /^[A-Za-z0-9][\w.-]{0,127}$/;

/**
 * Finds the models that the command line names: ready networks by their names; files, called after themselves without their ending; `NAME=FILE`; folders of
 * files; and folders in Triton's layout, `FOLDER/NAME/VERSION/model.onnx`.
 *
 * @throws {OptionError} naming what is wrong: no model, no ready network of a bare name, two of one name, a name that no address can hold
 * @throws {EnvironmentError} if something cannot be read
 */
export async function findModels(sources: readonly string[]): Promise<readonly ModelFile[]> {
  const found = (await Promise.all(sources.map(findIn))).flat();
  const seen = new Map<string, ModelFile>();
  for (const file of found) {
    if (!NAME.test(file.name))
      throw new OptionError("model", `"${file.name}" cannot be part of an address; name it, as in NAME=${file.path}`);
    const other = seen.get(`${file.name}/${file.version}`);
    if (other !== undefined)
      throw new OptionError(
        "model",
        `${other.path} and ${file.path} are both "${file.name}"; name one, as in NAME=FILE`,
      );
    seen.set(`${file.name}/${file.version}`, file);
  }
  return found;
}

async function findIn(source: string): Promise<readonly ModelFile[]> {
  const named = /^([\w.-]+)=(.+)$/.exec(source);
  const path = named?.[2] ?? source;
  const name = named?.[1];
  const isThere = await exists(path);
  if (!isThere && isBareName(path)) return [await findReady(path, name ?? path)];
  if (!(await isFolder(path))) return [{ name: name ?? stemOf(path), version: "1", path }];
  const files = name === undefined ? await findInFolder(path) : await findVersions(path, name);
  if (files.length > 0) return files;
  throw new OptionError(
    "model",
    `${path} holds no model; it must hold NAME/VERSION/model.onnx, or files (${endings.join(", ")})`,
  );
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** @throws {OptionError} if there is no ready network of that name */
async function findReady(path: string, name: string): Promise<ModelFile> {
  const { index } = await openReadyIndex();
  await requireReady(index, path, "model");
  return { name, version: "1", path, isReady: true };
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw toEnvironmentError(path, "cannot read", error);
  }
}

async function findInFolder(folder: string): Promise<readonly ModelFile[]> {
  const entries = (await readdir(folder, { withFileTypes: true })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const found = await Promise.all(
    entries.map(async (entry): Promise<readonly ModelFile[]> => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return findVersions(path, entry.name);
      if (!entry.isFile() || !endings.includes(extname(withoutSeal(entry.name)))) return [];
      return [{ name: stemOf(entry.name), version: "1", path }];
    }),
  );
  return found.flat();
}

/** Versions of a model: folders that are numbers, with a file `model.…` in each. Links are not followed. */
async function findVersions(folder: string, name: string): Promise<readonly ModelFile[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const versions = entries.filter((entry) => entry.isDirectory() && /^[1-9]\d{0,15}$/.test(entry.name));
  const found = await Promise.all(
    versions.map(async ({ name: version }): Promise<readonly ModelFile[]> => {
      const files = await readdir(join(folder, version), { withFileTypes: true });
      const file = files.find(
        (entry) => entry.isFile() && endings.some((ending) => withoutSeal(entry.name) === `model${ending}`),
      );
      return file === undefined ? [] : [{ name, version, path: join(folder, version, file.name) }];
    }),
  );
  return found.flat().toSorted((a, b) => Number(a.version) - Number(b.version));
}
