import { constants, type ReadStream } from "node:fs";
import { open, readdir, realpath } from "node:fs/promises";
import { basename, join, relative, resolve, sep } from "node:path";
import { toEnvironmentError } from "../../files/node.ts";
import { OptionError } from "../../tensor/errors.ts";
import { imageLimits } from "../pictures/image-limits.ts";

/** A folder of images that the server offers, as it was when the server started. */
export interface DataFolder {
  readonly name: string;
  /** Paths within it, with slashes, the folder's name before them. */
  readonly paths: readonly string[];
  /** Opens the file at a place of the paths; undefined if it is no file of the folder any more. */
  readonly open: (place: number) => Promise<ReadStream | undefined>;
}

const isHidden = (path: string): boolean => path.split("/").some((part) => part.startsWith("."));

async function openFile(path: string): Promise<ReadStream | undefined> {
  try {
    // A link could lead out of the folder, in the place of the file or of a folder above it.
    if ((await realpath(path)) !== path) return undefined;
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    if ((await file.stat()).isFile()) return file.createReadStream();
    await file.close();
  } catch {
    // It is gone since, or another's now.
  }
  return undefined;
}

/**
 * Lists a folder's own files; links and hidden files are left out.
 *
 * @throws {OptionError} if it has none, or too many
 * @throws {EnvironmentError} if it cannot be read
 */
export async function openDataFolder(folder: string): Promise<DataFolder> {
  const name = basename(resolve(folder));
  const root = await realpath(folder).catch((error: unknown) => {
    throw toEnvironmentError(folder, "cannot read", error);
  });
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    throw toEnvironmentError(folder, "cannot read", error);
  });
  const own = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((path) => !isHidden(path))
    .toSorted();
  const most = imageLimits.files;
  if (own.length === 0 || own.length > most)
    throw new OptionError(
      "data",
      `${folder} has ${own.length} files, must have 1 to ${most}; name the folder right above the classes`,
    );
  return { name, paths: own.map((path) => `${name}/${path}`), open: (place) => openFile(join(root, own[place])) };
}
