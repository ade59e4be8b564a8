import { OptionError } from "../tensor/errors.ts";
import { permutation, type RandomStream, randomStream } from "../tensor/random.ts";
import type { ImageFormat } from "./image-set.ts";

/** Further augmentations; fields left out have no effect. Defined as in torchvision. */
export interface Variation {
  /**
   * Rotates by an angle from −rotation to rotation degrees; corners become black. `RandomRotation`, nearest neighbour.
   */
  readonly rotation?: number;
  /** Multiplies by a factor from 1 − brightness, at least 0, to 1 + brightness. `ColorJitter`. */
  readonly brightness?: number;
  /** Blends with the mean grey by such a factor. `ColorJitter`. */
  readonly contrast?: number;
  /** Blends with the image's own grey by such a factor. `ColorJitter`. */
  readonly saturation?: number;
  /** Probability that a rectangle is set to 0 after normalisation. `RandomErasing`. */
  readonly erasing?: number;
  /**
   * Mirrors each image in every other epoch, whether first in an even or an odd one by chance: two epochs show both sides of every
   * image, where chance shows a quarter of them the same side twice and another the other. Jordan 2024, arXiv:2404.00498, 3.6.
   */
  readonly alternateFlip?: boolean;
  /** Pads shifted images by reflection, not with black. `RandomCrop`, padding_mode="reflect". */
  readonly reflectBorder?: boolean;
}

/** @throws {OptionError} if an augmentation has no effect on such images, or without shifts */
export function requireVariation(
  { saturation, reflectBorder = false, cropPadding }: Variation & { readonly cropPadding: number },
  { channels, height, width }: ImageFormat,
): void {
  if (reflectBorder && cropPadding === 0)
    throw new OptionError("reflectBorder", "needs images that are shifted; shift them, or leave it out");
  if (reflectBorder && cropPadding >= Math.min(height, width))
    throw new OptionError(
      "reflectBorder",
      `needs images of more than ${cropPadding} pixels per side, got ${height} × ${width}; leave it out`,
    );
  if (saturation !== undefined && channels !== 3)
    throw new OptionError("saturation", `needs images of 3 colours, got ${channels} channel(s); leave it out`);
}

/**
 * Rotates an image counter-clockwise about its centre; nearest neighbour, black outside.
 *
 * @param pixels `[channels, height, width]`
 * @source `torchvision.transforms.functional.rotate`, expand=False
 */
export function rotatePixels(pixels: Uint8Array, format: ImageFormat, degrees: number): Uint8Array {
  const { channels, height, width } = format;
  const [sine, cosine] = [Math.sin((degrees * Math.PI) / 180), Math.cos((degrees * Math.PI) / 180)];
  const [middleRow, middleColumn] = [(height - 1) / 2, (width - 1) / 2];
  const turned = new Uint8Array(pixels.length);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const [x, y] = [column - middleColumn, row - middleRow];
      const fromColumn = Math.round(cosine * x - sine * y + middleColumn);
      const fromRow = Math.round(sine * x + cosine * y + middleRow);
      if (fromColumn < 0 || fromColumn >= width || fromRow < 0 || fromRow >= height) continue;
      for (let channel = 0; channel < channels; channel++) {
        const plane = channel * height * width;
        turned[plane + row * width + column] = pixels[plane + fromRow * width + fromColumn];
      }
    }
  }
  return turned;
}

/** Integers from 0 to 255 as in torchvision: clamped, then truncated. */
const toPixel = (value: number): number => Math.trunc(Math.min(Math.max(value, 0), 255));

/** The luma of ITU-R 601-2, as `torchvision.transforms.functional.rgb_to_grayscale` has it; grey images are their own. */
function greyOf(pixels: Uint8Array, { channels, height, width }: ImageFormat): Uint8Array {
  if (channels !== 3) return pixels;
  const size = height * width;
  return Uint8Array.from({ length: size }, (_, at) =>
    toPixel(0.2989 * pixels[at] + 0.587 * pixels[size + at] + 0.114 * pixels[2 * size + at]),
  );
}

/** The operations of `ColorJitter`, each by a factor: pixel · factor + other · (1 − factor). */
export const colourChanges: {
  readonly [Name in "brightness" | "contrast" | "saturation"]: (
    pixels: Uint8Array,
    format: ImageFormat,
    factor: number,
  ) => Uint8Array;
} = {
  brightness: (pixels, _, factor) => pixels.map((pixel) => toPixel(factor * pixel)),
  contrast: (pixels, format, factor) => {
    const grey = greyOf(pixels, format);
    const mean = grey.reduce((sum, pixel) => sum + pixel, 0) / grey.length;
    return pixels.map((pixel) => toPixel(factor * pixel + (1 - factor) * mean));
  },
  saturation: (pixels, format, factor) => {
    const grey = greyOf(pixels, format);
    return pixels.map((pixel, at) => toPixel(factor * pixel + (1 - factor) * grey[at % grey.length]));
  },
};

type ColourChange = keyof typeof colourChanges;
const colourNames = Object.keys(colourChanges) as readonly ColourChange[];

const between = (stream: RandomStream, low: number, high: number): number => low + (high - low) * stream.uniform();

/** Identifies one augmented sample. */
interface VariationKey {
  readonly seed: number;
  readonly epoch: number;
  readonly index: number;
}

/** Rotates a sample and jitters its colours, in random order. Depends only on (seed, epoch, index). */
export function varyPixels(
  pixels: Uint8Array,
  format: ImageFormat,
  variation: Variation,
  { seed, epoch, index }: VariationKey,
): Uint8Array {
  const { rotation } = variation;
  const chosen = colourNames.filter((name) => variation[name] !== undefined);
  if (rotation === undefined && chosen.length === 0) return pixels;
  const stream = randomStream(seed, "variation", epoch, index);
  const order = permutation(randomStream(seed, "order of colours", epoch, index), chosen.length);
  const turned = rotation === undefined ? pixels : rotatePixels(pixels, format, between(stream, -rotation, rotation));
  return [...order].reduce((image, place) => {
    const strength = variation[chosen[place]]!;
    return colourChanges[chosen[place]](image, format, between(stream, Math.max(0, 1 - strength), 1 + strength));
  }, turned);
}

/** Attempts to find a fitting rectangle. */
const ATTEMPTS = 10;

/**
 * Sets a rectangle of a normalised image to 0 with the given probability: 2 to 33 % of the image, sides in a ratio of 0.3 to
 * 3.3.
 *
 * @source `torchvision.transforms.RandomErasing`; Zhong et al. 2017, arXiv:1708.04896
 */
export function eraseRectangle(
  out: Float32Array,
  offset: number,
  format: ImageFormat,
  { erasing = 0 }: Variation,
  { seed, epoch, index }: VariationKey,
): void {
  if (erasing === 0) return;
  const stream = randomStream(seed, "erasing", epoch, index);
  if (stream.uniform() >= erasing) return;
  const { channels, height, width } = format;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const area = height * width * between(stream, 0.02, 0.33);
    const ratio = Math.exp(between(stream, Math.log(0.3), Math.log(3.3)));
    const [tall, wide] = [Math.round(Math.sqrt(area * ratio)), Math.round(Math.sqrt(area / ratio))];
    if (tall >= height || wide >= width) continue;
    const [top, left] = [stream.integer(height - tall + 1), stream.integer(width - wide + 1)];
    for (let row = 0; row < channels * tall; row++) {
      const start = offset + Math.floor(row / tall) * height * width + (top + (row % tall)) * width + left;
      out.fill(0, start, start + wide);
    }
    return;
  }
}
