/** Samples as stored in files: integers of 8 to 32 bits, or floats. */
export type Samples =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** An image as measured: unmodified values, without transparency. */
export interface Raster {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** `[height, width, channels]` */
  readonly samples: Samples;
}

/** Sides of a pixel in micrometres. */
export interface PixelSize {
  readonly x: number;
  readonly y: number;
}

/** The output of a decoder. */
export interface DecodedImage extends Raster {
  /** Bits of a sample that its format uses: 12 for what a camera of 12 bits packs, 16 if it pads them. */
  readonly bits: number;
  /** The channel of opacity. */
  readonly alpha?: { readonly channel: number; readonly premultiplied: boolean };
}

/** An image from a file: the measured values and the file's metadata. */
export interface ImageFile extends Raster {
  /** The file format, such as "PNG" or "TIFF". */
  readonly kind: string;
  readonly bits: number;
  /** Whether compression has changed the values, as JPEG's does. */
  readonly lossy: boolean;
  /** The page that was read, from 1, and how many there are. */
  readonly page: number;
  readonly pages: number;
  /** The names or numbers of channels stored as pages. */
  readonly channelNames?: readonly string[];
  readonly pixelSize?: PixelSize;
}

/** The part of a file to read. */
export interface ImageChoice {
  /** The page, from 1. Default 1, with a note if there are others. */
  readonly page?: number;
  /** The channel, from 1: among the page's, or among those stored as pages. Default: all of the page's. */
  readonly channel?: number;
}

/** Receives notes, one line each, about choices and conversions. */
export type OnNote = (text: string) => void;

/** Selects channels. */
export function takeChannels(image: Raster, kept: readonly number[]): Raster {
  const { height, width, channels, samples } = image;
  if (kept.length === channels) return image;
  const out = samples.slice(0, height * width * kept.length);
  for (let at = 0, from = 0; at < out.length; from += channels)
    for (const channel of kept) out[at++] = samples[from + channel];
  return { height, width, channels: kept.length, samples: out };
}

/** The channels without opacity. */
export function colourChannels({ channels, alpha }: DecodedImage): readonly number[] {
  return Array.from({ length: channels }, (_, channel) => channel).filter((channel) => channel !== alpha?.channel);
}

/**
 * Rotates and mirrors an image upright.
 *
 * @param orientation as in EXIF and TIFF: 1 is upright, 2 mirrored, 3 upside down, 6 turned to the left …
 */
export function orient<Image extends Raster>(image: Image, orientation: number): Image {
  if (!(orientation >= 2 && orientation <= 8)) return image;
  const { height, width, channels, samples } = image;
  const isTurned = orientation >= 5;
  const [outHeight, outWidth] = isTurned ? [width, height] : [height, width];
  const out = samples.slice();
  // Maps upright row and column to the stored ones.
  const flipsColumns = [2, 3, 7, 8].includes(orientation);
  const flipsRows = [3, 4, 6, 7].includes(orientation);
  for (let row = 0, at = 0; row < outHeight; row++) {
    for (let column = 0; column < outWidth; column++) {
      const [storedRow, storedColumn] = isTurned ? [column, row] : [row, column];
      const y = flipsRows ? height - 1 - storedRow : storedRow;
      const x = flipsColumns ? width - 1 - storedColumn : storedColumn;
      const from = (y * width + x) * channels;
      for (let channel = 0; channel < channels; channel++) out[at++] = samples[from + channel];
    }
  }
  return { ...image, height: outHeight, width: outWidth, samples: out };
}
