import { requireLimit } from "./limit.ts";

/** The format that images are converted to. */
export interface ImageFormat {
  /** 1 for grey, 3 for red, green and blue. */
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Labelled images of one size, in memory. */
export interface ImageSet extends ImageFormat {
  /** `[count, channels, height, width]`, 0 to 255. May lie in shared memory, so that workers see it without a copy. */
  readonly images: Uint8Array;
  /** The class of each image. */
  readonly labels: Int32Array;
  readonly count: number;
}

/** Labelled images too large for memory: each is decoded and resized on demand. */
export interface ImageFiles extends ImageFormat {
  /** The path of each image. */
  readonly files: readonly string[];
  readonly labels: Int32Array;
  readonly count: number;
}

/** Labelled images, in memory or in files. */
export type Images = ImageSet | ImageFiles;

/** Mean and standard deviation of the training images by channel, on a scale of 0 to 1. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** A data set: training images, and test images for a single final test. */
export interface Dataset<I extends Images = Images> {
  readonly name: string;
  readonly classes: readonly string[];
  readonly normalization: Normalization;
  readonly train: I;
  readonly test: I;
}

/** Whether the images are in memory; narrows. */
export function isInMemory(set: Images): set is ImageSet {
  return "images" in set;
}

/** Elements of one image. */
export function imageSize({ channels, height, width }: ImageFormat): number {
  return channels * height * width;
}

/** Shared memory, which workers need not copy; private memory if the platform has none. */
export function sharedBytes(length: number): Uint8Array {
  return new Uint8Array(
    typeof SharedArrayBuffer === "undefined" ? new ArrayBuffer(length) : new SharedArrayBuffer(length),
  );
}

/**
 * The first `limit` images; those in memory are not copied.
 * @throws {OptionError} if the set has fewer
 */
export function takeFirst<I extends Images>(set: I, limit: number): I {
  requireLimit(limit, set.count);
  const first = isInMemory(set)
    ? { images: set.images.subarray(0, limit * imageSize(set)) }
    : { files: set.files.slice(0, limit) };
  return { ...set, ...first, count: limit, labels: set.labels.subarray(0, limit) };
}

/** A selection of the images, in its own memory. @param places which, in this order */
export function selectImages(set: ImageSet, places: Uint32Array): ImageSet {
  const size = imageSize(set);
  const images = new Uint8Array(places.length * size);
  places.forEach((from, to) => images.set(set.images.subarray(from * size, (from + 1) * size), to * size));
  return { ...set, images, labels: Int32Array.from(places, (place) => set.labels[place]), count: places.length };
}
