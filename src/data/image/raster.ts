/** Samples as files hold them: whole numbers of 8 to 32 bits, or floats. */
export type Samples =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** An image as it was measured: values untouched, transparency left out. */
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

/** What a decoder makes of a file. */
export interface DecodedImage extends Raster {
  /** Bits of a sample that its format uses: 12 for what a camera of 12 bits packs, 16 if it pads them. */
  readonly bits: number;
  /** The channel of opacity. */
  readonly alpha?: { readonly channel: number; readonly premultiplied: boolean };
}

/** An image of a file: what was measured, and what the file says about it. */
export interface ImageFile extends Raster {
  /** What the file is, such as "PNG" or "TIFF". */
  readonly kind: string;
  readonly bits: number;
  /** Whether compression has changed the values, as JPEG's does. */
  readonly lossy: boolean;
  /** The page that was read, from 1, and how many there are. */
  readonly page: number;
  readonly pages: number;
  /** The names or numbers of channels that the file keeps as pages. */
  readonly channelNames?: readonly string[];
  readonly pixelSize?: PixelSize;
}

/** Which part of a file is read. */
export interface ImageChoice {
  /** The page, from 1. The first if left out, which `onNote` hears of if there are others. */
  readonly page?: number;
  /** The channel, from 1: of the page's, or of those that the file keeps as pages. All of the page's if left out. */
  readonly channel?: number;
}

/** Who hears, in one line each, what was chosen or changed on the way. */
export type OnNote = (text: string) => void;

/** Keeps some channels. */
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
 * Sets an image upright.
 *
 * @param orientation as EXIF and TIFF count: 1 is upright, 2 mirrored, 3 upside down, 6 turned to the left …
 */
export function orient<Image extends Raster>(image: Image, orientation: number): Image {
  if (!(orientation >= 2 && orientation <= 8)) return image;
  const { height, width, channels, samples } = image;
  const isTurned = orientation >= 5;
  const [outHeight, outWidth] = isTurned ? [width, height] : [height, width];
  const out = samples.slice();
  // Of the upright row and column, the stored ones.
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
