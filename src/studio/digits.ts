import type { Raster } from "../data/image/raster.ts";
import { resize } from "../data/image/resize.ts";
import type { ImageSet } from "../data/image-set.ts";
import { FormatError } from "../tensor/errors.ts";

/** The digits of the site, of which `train` are learned from and the rest is held back. */
export const digitCounts = { size: 10, columns: 100, rows: 50, classes: 10, train: 4000, test: 1000 } as const;

/** The digits as two sets. */
export interface Digits {
  readonly train: ImageSet;
  readonly test: ImageSet;
}

/**
 * Cuts the picture that `scripts/make-digits.mjs` draws into its digits: image i stands in column i mod 100 of row ⌊i / 100⌋ and
 * shows the digit i mod 10.
 *
 * @throws {FormatError} if the picture is not that one
 */
export function cutDigits({ width, height, channels, samples }: Raster, where: string): Digits {
  const { size, columns, rows, classes, train, test } = digitCounts;
  if (width !== columns * size || height !== rows * size || channels !== 1)
    throw new FormatError(
      where,
      `is ${width}×${height} with ${channels} channels, must be ${columns * size}×${rows * size} in grey; build the site anew`,
    );
  const images = new Uint8Array(width * height);
  for (let at = 0; at < images.length; at++) {
    const pixel = at % (size * size);
    const image = (at - pixel) / (size * size);
    const x = (image % columns) * size + (pixel % size);
    const y = Math.floor(image / columns) * size + Math.floor(pixel / size);
    images[at] = samples[y * width + x];
  }
  const part = (from: number, count: number): ImageSet => ({
    channels: 1,
    height: size,
    width: size,
    count,
    images: images.slice(from * size * size, (from + count) * size * size),
    labels: Int32Array.from({ length: count }, (_, index) => (from + index) % classes),
  });
  return { train: part(0, train), test: part(train, test) };
}

/** MNIST's digits fill so much of their images' side. */
const filled = 20 / 28;

/**
 * Digits as a network takes them: enlarged within a black frame, as MNIST has them, except where the network takes 10×10; the same in
 * every channel.
 *
 * @param shape `[channels, height, width]` of the network's images
 */
export function fitDigits(set: ImageSet, [channels, height, width]: readonly [number, number, number]): ImageSet {
  const { size } = digitCounts;
  const isSmall = height === size && width === size;
  const inner = isSmall
    ? { height, width }
    : { height: Math.max(1, Math.round(height * filled)), width: Math.max(1, Math.round(width * filled)) };
  const [top, left] = [Math.floor((height - inner.height) / 2), Math.floor((width - inner.width) / 2)];
  const images = new Uint8Array(set.count * channels * height * width);
  for (let index = 0; index < set.count; index++) {
    const own = set.images.subarray(index * size * size, (index + 1) * size * size);
    const fitted = resize(own, { height: size, width: size, channels: 1 }, inner);
    for (let channel = 0; channel < channels; channel++)
      for (let y = 0; y < inner.height; y++)
        images.set(
          fitted.subarray(y * inner.width, (y + 1) * inner.width),
          ((index * channels + channel) * height + top + y) * width + left,
        );
  }
  return { ...set, channels, height, width, images };
}
