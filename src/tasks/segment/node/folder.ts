import { isFolder, readTextFile, toEnvironmentError } from "../../../files/node.ts";
import { readdir } from "node:fs/promises";
import { extname, join } from "node:path";
import { EnvironmentError, FormatError } from "../../../tensor/errors.ts";
import { imageEndings, isImageName } from "../../../data/image/names.ts";
import type { Raster } from "../../../data/image/raster.ts";
import { fillRuns } from "../data/rle.ts";
import { type MaskedRaster, type MaskMeaning, renumber } from "../data/set.ts";
import { readMask, readLossless } from "./read-mask.ts";
import { readImage } from "../../../data/node/image.ts";
import type { ReadOptions } from "../../../data/image/read.ts";

/** An image of a folder, with where its mask is had from. */
export interface MaskedFile {
  /** The image's name without its extension. */
  readonly name: string;
  readonly image: string;
  readonly mask:
    | { readonly kind: "file"; readonly path: string }
    /** A file for each cell. */
    | { readonly kind: "files"; readonly paths: readonly string[] }
    | { readonly kind: "runs"; readonly runs: readonly string[]; readonly path: string };
}

const shown = (names: readonly string[]): string =>
  names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");

async function listNames(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith(".")).toSorted();
  } catch (cause) {
    throw toEnvironmentError(folder, "cannot be read as a folder", cause);
  }
}

const stemOf = (name: string): string => name.slice(0, name.length - extname(name).length);

/** Files by their name without the extension. @throws {FormatError} if two have the same */
async function listImages(folder: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const name of (await listNames(folder)).filter((entry) => isImageName(entry))) {
    if (found.has(stemOf(name)))
      throw new FormatError(join(folder, name), "has the same name as another image beside it");
    found.set(stemOf(name), join(folder, name));
  }
  return found;
}

/** `images/` and `masks/` of the same names. @throws {FormatError} naming images without mask and masks without image */
async function pairFolders(folder: string): Promise<readonly MaskedFile[]> {
  const images = await listImages(join(folder, "images"));
  const masks = await listImages(join(folder, "masks"));
  const bare = [...images.keys()].filter((name) => !masks.has(name));
  if (bare.length > 0)
    throw new FormatError(
      join(folder, "masks"),
      `has no mask for ${shown(bare)}; every image needs a mask of its name`,
    );
  const lost = [...masks.keys()].filter((name) => !images.has(name));
  if (lost.length > 0) throw new FormatError(join(folder, "images"), `has no image for the mask ${shown(lost)}`);
  return [...images].map(([name, image]) => ({ name, image, mask: { kind: "file", path: masks.get(name)! } }));
}

/** The layout of the Data Science Bowl 2018: `ID/images/ID.png`, `ID/masks/*.png`, a file for each cell. */
async function listBowl(folder: string, ids: readonly string[]): Promise<readonly MaskedFile[]> {
  return Promise.all(
    ids.map(async (id) => {
      const [image, ...more] = [...(await listImages(join(folder, id, "images"))).values()];
      if (image === undefined || more.length > 0)
        throw new FormatError(
          join(folder, id, "images"),
          `has ${more.length === 0 ? "no image" : "several images"}, must have one`,
        );
      const masks = await listImages(join(folder, id, "masks"));
      return { name: id, image, mask: { kind: "files", paths: [...masks.values()] } as const };
    }),
  );
}

/** Runs by image: a table whose rows are an image's name and the runs of one cell. */
async function readRuns(path: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const [head = "", ...rows] = (await readTextFile(path)).split(/\r?\n/);
  if (!/^\s*"?ImageId"?\s*,\s*"?EncodedPixels"?/i.test(head))
    throw new FormatError(path, "must begin with the line ImageId,EncodedPixels");
  const found = new Map<string, string[]>();
  for (const row of rows.filter((line) => line.trim() !== "")) {
    const [name = "", runs = ""] = row.split(",").map((cell) => cell.trim().replace(/^"|"$/g, ""));
    found.set(stemOf(name) || name, [...(found.get(stemOf(name) || name) ?? []), runs]);
  }
  return found;
}

async function pairRuns(folder: string, table: string): Promise<readonly MaskedFile[]> {
  const path = join(folder, table);
  const runs = await readRuns(path);
  const hasImages = (await listNames(folder)).includes("images");
  const images = await listImages(hasImages ? join(folder, "images") : folder);
  const bare = [...images.keys()].filter((name) => !runs.has(name));
  if (bare.length > 0)
    throw new FormatError(path, `has no row for ${shown(bare)}; an image without cells has a row without runs`);
  return [...images].map(([name, image]) => ({ name, image, mask: { kind: "runs", runs: runs.get(name)!, path } }));
}

/** Whether a folder with `images/` has `masks/` of the same names, rather than one image with a mask for each cell. */
async function isPair(folder: string): Promise<boolean> {
  if (!(await isFolder(join(folder, "masks")))) return false;
  const [images, masks] = await Promise.all(["images", "masks"].map((part) => listImages(join(folder, part))));
  return images.size !== 1 || [...images.keys()].some((name) => masks.has(name));
}

/**
 * Lists the images of a folder with their masks, in the order of their names. Four layouts are known: `images/` and `masks/`
 * of the same names; several folders of that kind, whose images are then called `FOLDER/NAME`; a folder for each image with
 * `images/` and `masks/` in it (Data Science Bowl 2018); a table ImageId,EncodedPixels beside the images.
 *
 * @throws {FormatError} if it is none of them, or an image has no mask
 * @throws {EnvironmentError} if it cannot be read
 */
export async function listMasked(folder: string): Promise<readonly MaskedFile[]> {
  const names = await listNames(folder);
  const found = await listLayout(folder, names);
  if (found.length === 0) throw new FormatError(folder, `has no images (${imageEndings})`);
  return found;
}

async function listLayout(folder: string, names: readonly string[]): Promise<readonly MaskedFile[]> {
  if (names.includes("images") && names.includes("masks")) return pairFolders(folder);
  const tables = names.filter((name) => /\.csv$/i.test(name));
  if (tables.length === 1) return pairRuns(folder, tables[0]);
  const holds = await Promise.all(names.map((name) => isFolder(join(folder, name, "images"))));
  const parts = names.filter((_, index) => holds[index]);
  if (parts.length === 0)
    throw new EnvironmentError(
      folder,
      "is not a folder of images with masks; it must hold images/ and masks/ with files of the same names",
    );
  const pairs = await Promise.all(parts.map((name) => isPair(join(folder, name))));
  if (!pairs.includes(true)) return listBowl(folder, parts);
  const lists = await Promise.all(
    parts.map(async (part) =>
      (await pairFolders(join(folder, part))).map((file) => ({ ...file, name: `${part}/${file.name}` })),
    ),
  );
  return lists.flat();
}

/**
 * Reads an image with its mask.
 * @throws {FormatError} if one cannot be read, or they differ in size
 */
export async function readMasked(
  { name, image: path, mask: from }: MaskedFile,
  meaning: MaskMeaning,
  options: ReadOptions = {},
): Promise<MaskedRaster> {
  const image = await readImage(path, options);
  const { height, width } = image;
  if (from.kind === "file") {
    const { mask, ...size } = await readMask(from.path, meaning, options);
    requireSameSize(image, size, from.path);
    return { name, image, mask };
  }
  if (meaning === "classes") throw new FormatError(path, "has a mask for each cell, not one of classes");
  const ids = new Int32Array(height * width);
  if (from.kind === "runs")
    from.runs.forEach((text, index) => fillRuns(text, index + 1, { ids, height, width }, `${from.path}: ${name}`));
  else {
    for (const [index, file] of from.paths.entries()) {
      const cell = await readLossless(file, options);
      requireSameSize(image, cell, file);
      // In whatever colour it is drawn.
      cell.samples.forEach((value, at) => {
        if (value > 0) ids[Math.floor(at / cell.channels)] = index + 1;
      });
    }
  }
  return { name, image, mask: renumber(ids, path) };
}

function requireSameSize(
  image: Pick<Raster, "height" | "width">,
  mask: Pick<Raster, "height" | "width">,
  where: string,
): void {
  if (image.height === mask.height && image.width === mask.width) return;
  throw new FormatError(
    where,
    `has ${mask.width} × ${mask.height} points, its image has ${image.width} × ${image.height}; they must be of one size`,
  );
}
