import { FormatError } from "../../tensor/errors.ts";
import type { ImageFormat } from "../image-set.ts";

/** An image as a page has it. */
export type PageImage = Blob | ImageData | ImageBitmap | HTMLCanvasElement | OffscreenCanvas | HTMLImageElement;

function contextOf(width: number, height: number): OffscreenCanvasRenderingContext2D {
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (context === null) throw new FormatError("image", "cannot be drawn: the page gives no canvas");
  return context;
}

async function toBitmap(blob: Blob, where: string): Promise<ImageBitmap> {
  try {
    // Values as they are in the file: neither a colour profile nor transparency may change them.
    return await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  } catch (cause) {
    throw new FormatError(where, "is no image that this page can read", { cause });
  }
}

/**
 * The pixels of an image as it is, 8 bits.
 *
 * @param where its name, for errors
 * @throws {FormatError} if it cannot be read
 */
export async function readPixels(image: PageImage, where: string): Promise<ImageData> {
  if (image instanceof ImageData) return image;
  const drawn = image instanceof Blob ? await toBitmap(image, where) : image;
  const [width, height] =
    "naturalWidth" in drawn ? [drawn.naturalWidth, drawn.naturalHeight] : [drawn.width, drawn.height];
  if (width === 0 || height === 0) throw new FormatError(where, `is empty: ${width} × ${height} pixels`);
  const context = contextOf(width, height);
  context.drawImage(drawn, 0, 0);
  if (image instanceof Blob) (drawn as ImageBitmap).close();
  return context.getImageData(0, 0, width, height);
}

/**
 * Brings pixels to a size, whatever their proportions; transparency on black, grey if one channel is wanted.
 *
 * @shape `[channels, height, width]`, 0 to 255
 */
export function fitPixels(pixels: ImageData, { channels, height, width }: ImageFormat): Uint8Array {
  const whole = contextOf(pixels.width, pixels.height);
  whole.putImageData(pixels, 0, 0);
  const context = contextOf(width, height);
  context.fillStyle = "#000";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(whole.canvas, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const plane = height * width;
  const planes = new Uint8Array(channels * plane);
  for (let pixel = 0; pixel < plane; pixel++) {
    const [red, green, blue] = [data[4 * pixel], data[4 * pixel + 1], data[4 * pixel + 2]];
    // Rec. 709, as the decoder in Node has it.
    if (channels === 1) planes[pixel] = Math.round(0.2126 * red + 0.7152 * green + 0.0722 * blue);
    else [red, green, blue].forEach((value, channel) => (planes[channel * plane + pixel] = value));
  }
  return planes;
}

/**
 * Decodes an image file and fits it, as `decodeImage` does in Node.
 *
 * @param where its name, for errors
 * @shape `[channels, height, width]`, 0 to 255
 * @throws {FormatError} if it is no image that the page can read
 */
export async function decodeImageBlob(blob: Blob, format: ImageFormat, where: string): Promise<Uint8Array> {
  return fitPixels(await readPixels(blob, where), format);
}
