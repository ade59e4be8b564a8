import { type FileSource, readSource } from "../../files/node.ts";
import sharp from "sharp";
import { FormatError } from "../../tensor/errors.ts";
import type { ImageFormat } from "../image-set.ts";

/** The most pixels that are decoded: more is an attack or a mistake. */
const MAXIMUM_PIXELS = 100_000_000;
/** As many pixels, uncompressed. */
const MAXIMUM_BYTES = 4 * MAXIMUM_PIXELS;

/**
 * Reads an image and fits it: upright as its camera noted, grey or colour as wanted, transparency on black, scaled to
 * the size whatever its proportions.
 *
 * @shape `[channels, height, width]`, 0 to 255
 * @throws {FormatError} if the file is no image, cut off, or larger than 100 megapixels
 * @throws {EnvironmentError} if it cannot be read
 */
export async function decodeImage(source: FileSource, { channels, height, width }: ImageFormat): Promise<Uint8Array> {
  // By its bytes, for the decoder remembers paths: a file that changed would be read as it was.
  const { bytes: file, where } = await readSource(source, MAXIMUM_BYTES);
  try {
    const image = sharp(file, { limitInputPixels: MAXIMUM_PIXELS, failOn: "truncated" })
      .autoOrient()
      .flatten({ background: "#000" })
      .resize({ width, height, fit: "fill" })
      .toColourspace(channels === 1 ? "b-w" : "srgb");
    const { data, info } = await image.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
    return toPlanes(data, info.channels, { channels, height, width });
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new FormatError(where, `is no image that can be read: ${reason}`, { cause: error });
  }
}

/** `[height, width, from]` → `[channels, height, width]`; a single channel is repeated where more are wanted. */
function toPlanes(pixels: Uint8Array, from: number, { channels, height, width }: ImageFormat): Uint8Array {
  const plane = height * width;
  const planes = new Uint8Array(channels * plane);
  for (let channel = 0; channel < channels; channel++) {
    const source = Math.min(channel, from - 1);
    for (let pixel = 0; pixel < plane; pixel++) planes[channel * plane + pixel] = pixels[pixel * from + source]!;
  }
  return planes;
}
