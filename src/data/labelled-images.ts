import { OptionError } from "../tensor/errors.ts";
import { type Dataset, type ImageFormat, type ImageSet, imageSize, selectImages } from "./image-set.ts";
import { measureNormalization } from "./normalization.ts";
import { splitValidation } from "./split.ts";

/** Images with a class each, in memory. */
export interface LabelledPixels {
  /** `[count, channels, height, width]`, 0 to 255. */
  readonly images: Uint8Array;
  /** `[count]`: the class of each image, as its place among the classes. */
  readonly labels: ArrayLike<number>;
}

/** An in-memory data set, used instead of a folder. */
export interface LabelledImages extends LabelledPixels, ImageFormat {
  /** Names of the classes, in the order of the labels. Default: the numbers of the labels. */
  readonly classes?: readonly string[];
  /** Images for the test, of the same size. Default: a fixed fifth of the images is held out. */
  readonly test?: LabelledPixels;
  /** The name of the data in the network's description. Default "images in memory". */
  readonly name?: string;
}

/** The name of images that have none. */
export const unnamedImages = "images in memory";

/** Share of the images held out for the test if the data have no test split. */
export const testShare = 0.2;

/**
 * Pixels and labels as a set, checked.
 *
 * @param field comes before `images` and `labels` in errors
 * @throws {OptionError} if there are not as many labels as images, or a label is no class
 */
export function toImageSet(
  { images, labels }: LabelledPixels,
  format: ImageFormat,
  classes: number,
  field = "",
): ImageSet {
  if (!(images instanceof Uint8Array))
    throw new OptionError(`${field}images`, "must be a Uint8Array of pixels, 0 to 255");
  const count = images.length / imageSize(format);
  const { channels, height, width } = format;
  if (!Number.isInteger(count) || count === 0 || labels.length !== count)
    throw new OptionError(
      `${field}images`,
      `hold ${images.length} pixels of ${channels}×${height}×${width}, that is ${count} images; there are ${labels.length} labels`,
    );
  const wrong = Array.from(labels).find((label) => !Number.isInteger(label) || label < 0 || label >= classes);
  if (wrong !== undefined)
    throw new OptionError(`${field}labels`, `must be whole numbers from 0 to ${classes - 1}, got ${wrong}`);
  return { channels, height, width, images, labels: Int32Array.from(labels), count };
}

function requireFormat({ channels, height, width }: ImageFormat): void {
  for (const [name, value] of Object.entries({ channels, height, width }))
    if (!Number.isInteger(value) || value < 1)
      throw new OptionError(name, `must be a whole number above 0, got ${String(value)}`);
}

/**
 * Labelled images as a data set. Without a test split, a fifth of the images is held out.
 *
 * @throws {OptionError} naming the field that does not fit the others, or if there are fewer than two classes or images
 */
export function toDataset(given: LabelledImages): Dataset<ImageSet> {
  const { name = unnamedImages, labels, test } = given;
  requireFormat(given);
  const classes =
    given.classes ?? Array.from({ length: Math.max(0, ...Array.from(labels)) + 1 }, (_, at) => String(at));
  if (classes.length < 2) throw new OptionError("classes", `must be two or more, got ${classes.length}`);
  const whole = toImageSet(given, given, classes.length);
  if (test !== undefined) {
    const normalization = measureNormalization(whole);
    return { name, classes, normalization, train: whole, test: toImageSet(test, given, classes.length, "test.") };
  }
  if (whole.count < 2) throw new OptionError("images", "must be two or more, since one is kept for the test");
  const split = splitValidation(whole.count, Math.max(testShare, 1 / whole.count), 0);
  const train = selectImages(whole, split.train);
  return {
    name,
    classes,
    normalization: measureNormalization(train),
    train,
    test: selectImages(whole, split.validation),
  };
}
