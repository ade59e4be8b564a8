import { fitImage } from "../image/fit.ts";
import type { Raster } from "../image/raster.ts";
import { type OpenedImage, type ReadOptions, toImageFile } from "../image/read.ts";
import type { ImageFormat } from "../image-set.ts";
import { FormatError } from "../../tensor/errors.ts";
import { fromPixels, openBlob } from "./image.ts";

/** An image in a page. */
export type PageImage = Blob | ImageData | ImageBitmap | HTMLCanvasElement | OffscreenCanvas | HTMLImageElement;

/** @throws {FormatError} if it has no pixels, such as an `img` that has not loaded */
function drawnPixels(drawn: Exclude<PageImage, Blob | ImageData>, where: string): ImageData {
  const [width, height] =
    "naturalWidth" in drawn ? [drawn.naturalWidth, drawn.naturalHeight] : [drawn.width, drawn.height];
  if (width === 0 || height === 0) throw new FormatError(where, `is empty: ${width} × ${height} pixels`);
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (context === null) throw new FormatError(where, "cannot be drawn: the page gives no canvas");
  context.drawImage(drawn, 0, 0);
  return context.getImageData(0, 0, width, height);
}

async function openPageImage(image: PageImage, where: string, options: ReadOptions): Promise<OpenedImage> {
  if (image instanceof Blob) return openBlob(image, where, options);
  const pixels = image instanceof ImageData ? image : drawnPixels(image, where);
  const about = { kind: "pixels", bits: 8, lossy: false, page: 1, pages: 1 };
  return { image: fromPixels(pixels, { channels: 4, hasAlpha: true }), choice: options, about };
}

/**
 * Reads an image of a page as measured; files as `readImageBlob` does.
 *
 * @param where its name, for errors
 * @throws {FormatError} if it is no image, damaged, empty, too large or not read
 */
export async function readPageImage(image: PageImage, where: string, options: ReadOptions = {}): Promise<Raster> {
  return toImageFile(await openPageImage(image, where, options), where);
}

/**
 * Reads an image of a page and fits it to a classifier's input; files as `decodeImageBlob` does.
 *
 * @param where its name, for errors
 * @shape `[channels, height, width]`, 0 to 255
 * @throws {FormatError} if it is no image, damaged, empty, too large or not read
 */
export async function decodePageImage(
  image: PageImage,
  where: string,
  { channels, height, width, ...options }: ImageFormat & ReadOptions,
): Promise<Uint8Array> {
  const opened = await openPageImage(image, where, options);
  return fitImage(opened, { channels, height, width }, { where, onNote: options.onNote });
}
