import { OptionError } from "../tensor/errors.ts";

/** Labelled images of one size, in memory. */
export interface ImageSet {
  /** `[count, channels, height, width]`, 0 to 255. May lie in shared memory, so that workers see it without a copy. */
  readonly images: Uint8Array;
  /** A class for every image. */
  readonly labels: Int32Array;
  readonly count: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Mean and standard deviation of the training images by channel, on a scale of 0 to 1. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** A data set: images to learn from, and images to be tested on once. */
export interface Dataset {
  readonly name: string;
  readonly classes: readonly string[];
  readonly normalization: Normalization;
  readonly train: ImageSet;
  readonly test: ImageSet;
}

/** Elements of one image. */
export function imageSize({ channels, height, width }: Pick<ImageSet, "channels" | "height" | "width">): number {
  return channels * height * width;
}

/** Memory that threads share, and is copied to no worker; the calling thread's own where the platform has none. */
export function sharedBytes(length: number): Uint8Array {
  return new Uint8Array(
    typeof SharedArrayBuffer === "undefined" ? new ArrayBuffer(length) : new SharedArrayBuffer(length),
  );
}

/**
 * The first `limit` images, without a copy.
 * @throws {OptionError} if the set has fewer
 */
export function takeFirst(set: ImageSet, limit: number): ImageSet {
  if (!Number.isInteger(limit) || limit < 1 || limit > set.count) {
    throw new OptionError("--limit", `must be from 1 to ${set.count}, the number of images, got ${limit}`);
  }
  return {
    ...set,
    count: limit,
    images: set.images.subarray(0, limit * imageSize(set)),
    labels: set.labels.subarray(0, limit),
  };
}
