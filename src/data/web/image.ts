import { fitImage } from "../image/fit.ts";
import type { ImageHeader } from "../image/header.ts";
import { decodePng, readPngOrientation } from "../image/png.ts";
import { type DecodedImage, type ImageFile, orient } from "../image/raster.ts";
import { openImage, type OpenedImage, type PictureRequest, type ReadOptions, toImageFile } from "../image/read.ts";
import type { ImageFormat } from "../image-set.ts";
import { OptionError } from "../../tensor/errors.ts";

/** Media types, for browsers that do not sniff them. */
const mediaTypes: Readonly<Record<string, string>> = {
  PNG: "image/png",
  JPEG: "image/jpeg",
  WebP: "image/webp",
  GIF: "image/gif",
  AVIF: "image/avif",
};

async function decodePicture(
  bytes: Uint8Array,
  header: ImageHeader,
  { page, where }: PictureRequest,
): Promise<DecodedImage> {
  if (page > 0)
    throw new OptionError("page", `is ${page + 1} of ${where}: browsers read only the first frame of a ${header.kind}`);
  // A canvas has 8 bits, and loses the colour of transparent pixels.
  if (header.kind === "PNG" && (header.bits === 16 || header.hasAlpha))
    return orient(await decodePng(bytes), readPngOrientation(bytes));
  const bitmap = await createImageBitmap(new Blob([bytes as BlobPart], { type: mediaTypes[header.kind] ?? "" }), {
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
  });
  try {
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    if (context === null) throw new Error("no canvas");
    context.drawImage(bitmap, 0, 0);
    return fromPixels(context.getImageData(0, 0, width, height), header);
  } finally {
    bitmap.close();
  }
}

/** Reduces red, green, blue and opacity to grey or opaque colours, as in the file. */
export function fromPixels(
  { data, width, height }: ImageData,
  header: Pick<ImageHeader, "channels" | "hasAlpha">,
): DecodedImage {
  const isGrey = header.channels - (header.hasAlpha ? 1 : 0) === 1;
  const isOpaque = !header.hasAlpha || isFull(data);
  const kept = isGrey ? 1 : 3;
  if (!isGrey && !isOpaque)
    return {
      height,
      width,
      channels: 4,
      bits: 8,
      samples: new Uint8Array(data.buffer),
      alpha: { channel: 3, premultiplied: false },
    };
  const samples = new Uint8Array(width * height * kept);
  for (let at = 0, from = 0; at < samples.length; at += kept, from += 4)
    for (let channel = 0; channel < kept; channel++) samples[at + channel] = data[from + channel];
  return { height, width, channels: kept, samples, bits: 8 };
}

function isFull(data: Uint8ClampedArray): boolean {
  for (let at = 3; at < data.length; at += 4) if (data[at] !== 255) return false;
  return true;
}

const nameOf = (blob: Blob): string => (blob instanceof File && blob.name !== "" ? blob.name : "image");

/** Opens a file's image. @param where its name, for errors */
export async function openBlob(blob: Blob, where: string, options: ReadOptions): Promise<OpenedImage> {
  return openImage(new Uint8Array(await blob.arrayBuffer()), where, { ...options, decodePicture });
}

/**
 * Reads an image as it was measured, as `readImage` does in Node; docs/images.md lists what is read.
 *
 * @throws {FormatError} naming the file if it is no image, damaged, too large or not read
 * @throws {OptionError} if it has no such page or channel
 */
export async function readImageBlob(blob: Blob, options: ReadOptions = {}): Promise<ImageFile> {
  return toImageFile(await openBlob(blob, nameOf(blob), options), nameOf(blob));
}

/**
 * Reads an image and fits it to what a classifier takes, as `decodeImage` does in Node, whose pixels it gives within what
 * docs/images.md says.
 *
 * @shape `[channels, height, width]`, 0 to 255
 * @throws {FormatError} naming the file if it is no image, damaged, too large or not read
 * @throws {OptionError} if it has no such page or channel, or channels that do not fit
 */
export async function decodeImageBlob(
  blob: Blob,
  { channels, height, width, ...options }: ImageFormat & ReadOptions,
): Promise<Uint8Array> {
  const where = nameOf(blob);
  return fitImage(await openBlob(blob, where, options), { channels, height, width }, { where, onNote: options.onNote });
}
