import { readFileBytes } from "../../files/node.ts";
import sharp, { type Sharp } from "sharp";
import type { ImageHeader } from "../image/header.ts";
import { fitImage } from "../image/fit.ts";
import type { DecodedImage, ImageFile } from "../image/raster.ts";
import { openImage, type OpenedImage, type ReadOptions, toImageFile } from "../image/read.ts";
import { fromCmyk } from "../image/tiff/page.ts";
import type { ImageFormat } from "../image-set.ts";

/** Seconds that one picture may take. */
const PATIENCE = 120;
/** Samples are at most as many as the largest image has of 8 bits; the header was checked before. */
const LIMIT = 2 ** 29;

/** How a picture's samples are asked for: as they are, since libvips would bring 16 bits to 8 and inks to light. */
function keepSamples(
  image: Sharp,
  { space, deep, hasAlpha }: { readonly space: string; readonly deep: boolean; readonly hasAlpha: boolean },
): Sharp {
  if (space === "cmyk") return image.pipelineColourspace("cmyk").toColourspace("cmyk");
  const isGrey = space === "b-w" || space === "grey16";
  // As grey of 8 bits, opacity would be left out.
  if (isGrey) return image.toColourspace(deep ? "grey16" : hasAlpha ? "srgb" : "b-w");
  return image.toColourspace(deep ? "rgb16" : "srgb");
}

async function decodePicture(
  bytes: Uint8Array,
  { kind, bits, hasAlpha }: ImageHeader,
  { page }: { readonly page: number },
): Promise<DecodedImage> {
  const image = sharp(bytes, { limitInputPixels: LIMIT, failOn: "truncated", ignoreIcc: true, page })
    .autoOrient()
    .timeout({ seconds: PATIENCE });
  const { space, channels: stored } = await image.metadata();
  const deep = bits === 16 && kind === "PNG";
  const { data, info } = await keepSamples(image, { space, deep, hasAlpha })
    .raw({ depth: deep ? "ushort" : "uchar" })
    .toBuffer({ resolveWithObject: true });
  const { height, width, channels } = info;
  const samples = deep
    ? new Uint16Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength))
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const decoded = { height, width, channels, samples, bits };
  if (space === "cmyk") return fromCmyk(decoded, 255);
  if (channels !== 2 && channels !== 4) return decoded;
  const alpha = { channel: channels - 1, premultiplied: false };
  return stored === 2 && channels === 4 ? greyWithOpacity({ ...decoded, alpha }) : { ...decoded, alpha };
}

/** Three equal colours with opacity, as the grey that they are. */
function greyWithOpacity({ height, width, samples, bits }: DecodedImage): DecodedImage {
  const out = new Uint8Array(2 * height * width);
  for (let at = 0, from = 0; at < out.length; at += 2, from += 4)
    [out[at], out[at + 1]] = [samples[from], samples[from + 3]];
  return { height, width, channels: 2, samples: out, bits, alpha: { channel: 1, premultiplied: false } };
}

async function openFile(path: string, options: ReadOptions): Promise<OpenedImage> {
  // By its bytes, for libvips remembers paths: a file that changed would be read as it was.
  return openImage(await readFileBytes(path), path, { ...options, decodePicture });
}

/**
 * Reads an image or a mask as it was measured, upright, without opacity; docs/images.md lists what is read.
 *
 * @throws {FormatError} naming the file if it is no image, damaged, too large or not read
 * @throws {OptionError} if it has no such page or channel
 * @throws {EnvironmentError} if it cannot be read
 */
export async function readImage(path: string, options: ReadOptions = {}): Promise<ImageFile> {
  return toImageFile(await openFile(path, options), path);
}

/**
 * Reads an image and fits it to what a classifier takes: upright, grey or colour as wanted, transparency on black, scaled to
 * the size whatever its proportions. Deep images are brought to 8 bits as docs/images.md says.
 *
 * @shape `[channels, height, width]`, 0 to 255
 * @throws {FormatError} naming the file if it is no image, damaged, too large or not read
 * @throws {OptionError} if it has no such page or channel, or channels that do not fit
 * @throws {EnvironmentError} if it cannot be read
 */
export async function decodeImage(
  path: string,
  { channels, height, width, ...options }: ImageFormat & ReadOptions,
): Promise<Uint8Array> {
  return fitImage(await openFile(path, options), { channels, height, width }, { where: path, onNote: options.onNote });
}
