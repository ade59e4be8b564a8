import { join } from "node:path";
import { isFolder } from "../../../files/node.ts";
import { EnvironmentError, FormatError } from "../../../tensor/errors.ts";
import { firstNotes } from "../../../data/image/notes.ts";
import type { OnNote } from "../../../data/image/raster.ts";
import { splitValidation } from "../../../data/split.ts";
import { type IntensityScaling, requireChannels } from "../data/raster.ts";
import { classesOf, createSetBuilder, type MaskedRaster, type MaskMeaning, type SegmentationSet } from "../data/set.ts";
import { shrinkMasked } from "../data/shrink.ts";
import { listMasked, type MaskedFile, readMasked } from "./folder.ts";

/** Points of all images together that are kept in memory: half a gigabyte of masks, and as much of images at least. */
const MAXIMUM_POINTS = 2 ** 28;

/** The images of a folder, and those that are kept for the test. */
export interface SegmentationFiles {
  readonly train: readonly MaskedFile[];
  readonly test: readonly MaskedFile[];
}

/** The seed by which images are held back: always the same, whatever the training's. */
const TEST_SEED = 0;

/**
 * Lists a folder's images. Where it has `train/` and `test/` these are the parts; otherwise a share is held back for the
 * test, always the same images of the same folder.
 */
export async function listSegmentation(folder: string, testShare: number): Promise<SegmentationFiles> {
  if ((await isFolder(join(folder, "train"))) && (await isFolder(join(folder, "test"))))
    return { train: await listMasked(join(folder, "train")), test: await listMasked(join(folder, "test")) };
  const files = await listMasked(folder);
  const { train, validation } = splitValidation(files.length, testShare, TEST_SEED);
  return { train: Array.from(train, (place) => files[place]), test: Array.from(validation, (place) => files[place]) };
}

/** How images with masks are read. */
export interface LoadMaskedOptions {
  readonly meaning: MaskMeaning;
  /** Channels that the network takes. */
  readonly channels: number;
  readonly scaling: IntensityScaling;
  /** Values of the masks in the order of the classes; those that are found if left out. */
  readonly values?: readonly number[];
  /** The value of points that belong to no class. */
  readonly ignored?: number;
  /** Rows or columns that an image has at most: larger ones are shrunk. */
  readonly longestSide?: number;
  /** Hears, of the first few images, which page of several was read. */
  readonly onNote?: OnNote;
}

const MAXIMUM_CLASSES = 64;

function findValues(masks: readonly Uint16Array[], ignored: number | undefined, where: string): readonly number[] {
  const seen = new Set<number>();
  for (const mask of masks) for (const value of mask) seen.add(value);
  if (ignored !== undefined) seen.delete(ignored);
  if (seen.size < 2 || seen.size > MAXIMUM_CLASSES)
    throw new FormatError(where, `its masks hold ${seen.size} values, must be from 2 to ${MAXIMUM_CLASSES} classes`);
  return [...seen].toSorted((a, b) => a - b);
}

/**
 * Reads images with their masks into memory that threads share.
 *
 * @throws {FormatError} naming a file that cannot be read, or a mask of another size
 * @throws {EnvironmentError} if all of them are more than is kept in memory
 */
export async function loadMasked(files: readonly MaskedFile[], options: LoadMaskedOptions): Promise<SegmentationSet> {
  const { meaning, channels, ignored, longestSide = Infinity } = options;
  const onNote = firstNotes(options.onNote);
  const read: MaskedRaster[] = [];
  let points = 0;
  for (const file of files) {
    const masked = shrinkMasked(await readMasked(file, meaning, { onNote }), longestSide);
    requireChannels(masked.image.channels, channels);
    points += masked.mask.length;
    if (points > MAXIMUM_POINTS)
      throw new EnvironmentError(
        file.image,
        `the images have more than ${MAXIMUM_POINTS} pixels together; give fewer or smaller ones`,
      );
    read.push(masked);
  }
  const isClasses = meaning === "classes";
  const masks = read.map(({ mask }) => mask);
  const values = isClasses ? (options.values ?? findValues(masks, ignored, files[0]?.image ?? "data")) : [];
  const builder = createSetBuilder({ pixels: points * channels, points }, { ...options, values });
  for (const { name, image, mask } of read) {
    const classes = isClasses ? classesOf(mask, { values, ...(ignored === undefined ? {} : { ignored }) }, name) : mask;
    builder.add({ name, image, mask: classes });
  }
  return builder.finish();
}
