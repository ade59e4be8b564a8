import { eraseRectangle, type Variation, varyPixels } from "./variation.ts";
import { randomStream } from "../tensor/random.ts";
import { type ImageFormat, type ImageSet, imageSize, type Normalization } from "./image-set.ts";

/** Augmentation of training images. */
export interface Augmentation extends Variation {
  /** Black padding per side, before a random crop of the original size; 0 for no crop. */
  readonly cropPadding: number;
  /** Mirrors each image with probability ½, unless `alternateFlip` decides. */
  readonly flip: boolean;
}

/** No augmentation, as in evaluation. */
export const noAugmentation: Augmentation = { cropPadding: 0, flip: false };

/** Such as "crop 4, flip". */
export function describeAugmentation({ cropPadding, flip }: Augmentation): string {
  return `crop ${cropPadding}, ${flip ? "flip" : "no flip"}`;
}

/** Normalised value of each pixel from 0 to 255, by channel: a lookup is faster than arithmetic. */
export function normalizationTables({ mean, deviation }: Normalization): readonly Float32Array[] {
  return mean.map((channelMean, channel) =>
    Float32Array.from({ length: 256 }, (_, pixel) => (pixel / 255 - channelMean) / deviation[channel]),
  );
}

/** Geometry of an augmented image. */
export interface View {
  readonly top: number;
  readonly left: number;
  readonly mirrored: boolean;
  /** What lies beyond the border is the image mirrored there, not black. Default false. */
  readonly reflects?: boolean;
}

/** Identifies one augmented sample. */
export interface SampleKey {
  readonly seed: number;
  readonly epoch: number;
  /** The image's index in the set. */
  readonly index: number;
}

/** Draws the augmentation of a sample from (seed, epoch, index) alone. */
export function drawView(
  { cropPadding, flip, alternateFlip = false, reflectBorder: reflects = false }: Augmentation,
  { seed, epoch, index }: SampleKey,
): View {
  if (cropPadding === 0 && !flip && !alternateFlip) return { top: 0, left: 0, mirrored: false };
  const stream = randomStream(seed, "augmentation", epoch, index);
  const top = stream.integer(2 * cropPadding + 1) - cropPadding;
  const left = stream.integer(2 * cropPadding + 1) - cropPadding;
  if (!alternateFlip) return { top, left, mirrored: flip && stream.uniform() < 0.5, reflects };
  const isOdd = randomStream(seed, "alternate flip", index).uniform() < 0.5;
  return { top, left, mirrored: (epoch % 2 === 1) === isOdd, reflects };
}

/**
 * Writes one normalised, augmented image of a set to `out` at `offset`. Its random draws depend only on (seed, epoch,
 * index).
 */
export function writeSample(
  set: ImageSet,
  tables: readonly Float32Array[],
  augmentation: Augmentation,
  key: SampleKey,
  out: Float32Array,
  offset: number,
): void {
  const size = imageSize(set);
  const pixels = set.images.subarray(key.index * size, (key.index + 1) * size);
  writeVaried({ pixels, format: set, tables }, { augmentation, key }, out, offset);
}

/** Writes one image as {@link writeSample} does, from any pixels. */
export function writeVaried(
  { pixels, format, tables }: Omit<ImageView, "view">,
  { augmentation, key }: { readonly augmentation: Augmentation; readonly key: SampleKey },
  out: Float32Array,
  offset: number,
): void {
  const varied = varyPixels(pixels, format, augmentation, key);
  writeImage({ pixels: varied, format, tables, view: drawView(augmentation, key) }, out, offset);
  eraseRectangle(out, offset, format, augmentation, key);
}

/** One image, and how to write it. */
export interface ImageView {
  /** `[channels, height, width]`, 0 to 255 */
  readonly pixels: Uint8Array;
  readonly format: ImageFormat;
  /** From `normalizationTables`. */
  readonly tables: readonly Float32Array[];
  readonly view: View;
}

/** The place that a point beyond a border mirrors; the border itself is not repeated. */
const reflect = (place: number, extent: number): number => Math.abs(place >= extent ? 2 * (extent - 1) - place : place);

/**
 * Writes one image in one pass: cropped, mirrored, normalised. Padding is black, that is, 0 before normalisation, or the image
 * mirrored at its border, as in torchvision's RandomCrop on pixels.
 */
export function writeImage({ pixels, format, tables, view }: ImageView, out: Float32Array, offset: number): void {
  const { channels, height, width } = format;
  const { top, left, mirrored, reflects = false } = view;
  let at = offset;
  for (let channel = 0; channel < channels; channel++) {
    const table = tables[channel];
    const black = table[0];
    for (let row = 0; row < height; row++) {
      const from = reflects ? reflect(row + top, height) : row + top;
      const base = (channel * height + from) * width;
      if (from < 0 || from >= height) {
        out.fill(black, at, at + width);
        at += width;
        continue;
      }
      for (let column = 0; column < width; column++) {
        const place = (mirrored ? width - 1 - column : column) + left;
        const source = reflects ? reflect(place, width) : place;
        out[at++] = source < 0 || source >= width ? black : table[pixels[base + source]];
      }
    }
  }
}
