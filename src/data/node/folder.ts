import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { EnvironmentError, FormatError } from "../../tensor/errors.ts";
import { testShare } from "../labelled-images.ts";
import { permutation, randomStream } from "../../tensor/random.ts";
import {
  type Dataset,
  type ImageFiles,
  type ImageFormat,
  type ImageSet,
  imageSize,
  sharedBytes,
} from "../image-set.ts";
import { imageEndings, isImageName } from "../image/names.ts";
import { firstNotes } from "../image/notes.ts";
import type { OnNote } from "../image/raster.ts";
import { measureNormalization } from "../normalization.ts";
import { decodeFiles } from "./file-batches.ts";

const noImages = `has no images (${imageEndings})`;
/** Up to 256 MB of pixels are decoded once and kept; beyond that, each image is decoded on demand. */
const MEMORY_LIMIT = 2 ** 28;
/** Enough images to estimate mean and deviation. */
const MEASURED_IMAGES = 1000;

interface Listing {
  readonly path: string;
  readonly label: number;
}

async function list(folder: string): Promise<readonly { readonly name: string; readonly directory: boolean }[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .map((entry) => ({ name: entry.name, directory: entry.isDirectory() }))
      .filter(({ name }) => !name.startsWith("."))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw new EnvironmentError(
      folder,
      "cannot be read as a folder of images; give a folder with a subfolder for every class",
      { cause: error },
    );
  }
}

async function listClasses(folder: string): Promise<readonly string[]> {
  return (await list(folder)).filter((entry) => entry.directory).map(({ name }) => name);
}

async function listImages(folder: string, classes: readonly string[]): Promise<readonly Listing[]> {
  const parts = await Promise.all(
    classes.map(async (name, label) => {
      const entries = await list(join(folder, name));
      return entries
        .filter((entry) => !entry.directory && isImageName(entry.name))
        .map((entry) => ({ path: join(folder, name, entry.name), label }));
    }),
  );
  return parts.flat();
}

async function decodeAll({ files, labels, count, ...format }: ImageFiles, onNote: OnNote): Promise<ImageSet> {
  const size = imageSize(format);
  const images = sharedBytes(count * size);
  await decodeFiles(files, { ...format, onNote }, (pixels, place) => images.set(pixels, place * size));
  return { ...format, images, labels, count };
}

function toImageFiles(listing: readonly Listing[], { channels, height, width }: ImageFormat): ImageFiles {
  return {
    channels,
    height,
    width,
    files: listing.map(({ path }) => path),
    labels: Int32Array.from(listing, ({ label }) => label),
    count: listing.length,
  };
}

/** A fixed sample of the images. */
function takeSome(set: ImageFiles, count: number): ImageFiles {
  const places = permutation(randomStream(0, "folder measurement"), set.count).slice(0, count).toSorted();
  return {
    ...set,
    files: Array.from(places, (place) => set.files[place]),
    labels: Int32Array.from(places, (place) => set.labels[place]),
    count: places.length,
  };
}

/** A separate test split: only known classes, but not necessarily all. */
async function listTest(folder: string, classes: readonly string[]): Promise<readonly Listing[]> {
  const found = await listClasses(folder);
  const unknown = found.find((name) => !classes.includes(name));
  if (unknown !== undefined) {
    const known = classes.join(", ");
    throw new FormatError(join(folder, unknown), `is not a class of the training part; its classes are ${known}`);
  }
  const images = (await listImages(folder, found)).map(({ path, label }) => ({
    path,
    label: classes.indexOf(found[label]),
  }));
  if (images.length === 0) throw new FormatError(folder, noImages);
  return images;
}

/** Shuffled, since class order would leave only one class among the first few; the order is fixed. */
function mix(listing: readonly Listing[]): readonly Listing[] {
  return Array.from(permutation(randomStream(0, "folder order"), listing.length), (place) => listing[place]);
}

/** Holds out a random fifth of the images for the test, at least one. */
function splitTest(listing: readonly Listing[]): readonly [readonly Listing[], readonly Listing[]] {
  const order = permutation(randomStream(0, "folder test split"), listing.length);
  const held = new Set(order.slice(0, Math.max(1, Math.round(listing.length * testShare))));
  return [listing.filter((_, index) => !held.has(index)), listing.filter((_, index) => held.has(index))];
}

/** Options for reading a folder. */
export interface FolderOptions {
  /** Bytes of decoded pixels to keep in memory. Default 256 MB. */
  readonly memoryLimit?: number;
  /** Receives notes on the first few images: the page read of several, and the mapping of deep values to 8 bits. */
  readonly onNote?: OnNote;
}

/** A folder's images in the order that they are taken in, none of them read. */
export interface FolderPlan {
  readonly classes: readonly string[];
  readonly train: ImageFiles;
  readonly test: ImageFiles;
  /** Training images that mean and deviation come from. */
  readonly measured: ImageFiles;
  /** Whether all fit in memory. */
  readonly isSmall: boolean;
}

/**
 * Finds the images of a folder as {@link loadFolder} takes them.
 *
 * @throws {EnvironmentError} if the folder cannot be read
 * @throws {FormatError} if it has fewer than two classes, a class without images, a test part of other classes or without images
 */
export async function planFolder(
  folder: string,
  format: ImageFormat,
  memoryLimit: number = MEMORY_LIMIT,
): Promise<FolderPlan> {
  const top = await listClasses(folder);
  const divided = top.includes("train") && top.includes("test");
  const trainFolder = divided ? join(folder, "train") : folder;
  const classes = divided ? await listClasses(trainFolder) : top;
  if (classes.length < 2)
    throw new FormatError(folder, `has ${classes.length} subfolder(s), must have one for each of two or more classes`);
  const all = await listImages(trainFolder, classes);
  const empty = classes.find((_, label) => !all.some((image) => image.label === label));
  if (empty !== undefined) throw new FormatError(join(trainFolder, empty), noImages);
  const [trainList, testList] = divided ? [all, await listTest(join(folder, "test"), classes)] : splitTest(all);
  const train = toImageFiles(mix(trainList), format);
  const test = toImageFiles(mix(testList), format);
  const isSmall = (train.count + test.count) * imageSize(format) <= memoryLimit;
  return { classes, train, test, measured: isSmall ? train : takeSome(train, MEASURED_IMAGES), isSmall };
}

/**
 * A folder of images by class: `DIR/CLASS/*.png`, or `DIR/train/CLASS/…` and `DIR/test/CLASS/…`. Without a test split, a fixed fifth of the images is held out. Sets that fit in memory are decoded now, others on demand; then mean and deviation come from a thousand images.
 *
 * @throws {EnvironmentError} if the folder cannot be read
 * @throws {FormatError} if it has fewer than two classes, a class without images, a test part of other classes or
 *   without images, or an image that cannot be read
 */
export async function loadFolder(
  folder: string,
  format: ImageFormat,
  { memoryLimit = MEMORY_LIMIT, onNote }: FolderOptions = {},
): Promise<Dataset> {
  const { classes, train, test, measured, isSmall } = await planFolder(folder, format, memoryLimit);
  const noted = firstNotes(onNote);
  const decoded = await decodeAll(measured, noted);
  const about = { name: folder, classes, normalization: measureNormalization(decoded) };
  return isSmall ? { ...about, train: decoded, test: await decodeAll(test, noted) } : { ...about, train, test };
}
