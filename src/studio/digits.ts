import type { Raster } from "../data/image/raster.ts";
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
