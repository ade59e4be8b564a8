import { type FileSource, readSource, whereOf } from "../../files/node.ts";
import type { ImageHeader } from "../image/header.ts";
import { fitImage } from "../image/fit.ts";
import type { DecodedImage, ImageFile } from "../image/raster.ts";
import { openImage, type OpenedImage, type PictureRequest, type ReadOptions, toImageFile } from "../image/read.ts";
import { loadPackage } from "../../tensor/missing-package.ts";
import type { ImageSize } from "../image/resize.ts";
import { fromCmyk } from "../image/tiff/page.ts";
import type { ImageFormat } from "../image-set.ts";

/** Time limit per picture, in seconds. */
const PATIENCE = 120;
/** At most as many samples as the largest 8-bit image has; the header was checked before. */
const LIMIT = 2 ** 29;

/** libvips' name of the stored colour space: any other would reduce 16 bits to 8, and convert inks. */
function spaceOf({ kind, bits, channels, hasAlpha }: ImageHeader): Space {
  if (kind === "JPEG" && channels === 4) return "cmyk";
  const isGrey = channels - (hasAlpha ? 1 : 0) === 1;
  if (bits === 16) return isGrey ? "grey16" : "rgb16";
  return isGrey ? "b-w" : "srgb";
}

type Space = "cmyk" | "grey16" | "rgb16" | "b-w" | "srgb";

/** Whether libvips may shrink directly. It enlarges off centre, and reduces 16 bits to 8 differently. */
function isShrunkAtOnce({ width, height, bits }: ImageHeader, fitTo: ImageSize | undefined): fitTo is ImageSize {
  // In either orientation: EXIF has not been read yet.
  return fitTo !== undefined && bits === 8 && Math.min(width, height) >= Math.max(fitTo.width, fitTo.height);
}

async function decodePicture(
  bytes: Uint8Array,
  header: ImageHeader,
  { page, fitTo }: PictureRequest,
): Promise<DecodedImage> {
  const { bits, hasAlpha } = header;
  const space = spaceOf(header);
  const { default: sharp } = await loadPackage(() => import("sharp"));
  // Naming the colour space also keeps the JPEG decoder from shrinking, which is fast but leaves aliasing.
  const opened = sharp(bytes, { limitInputPixels: LIMIT, failOn: "truncated", ignoreIcc: true, page })
    .pipelineColourspace(space)
    .autoOrient()
    .timeout({ seconds: PATIENCE });
  const isFitted = isShrunkAtOnce(header, fitTo);
  const image = isFitted ? opened.flatten({ background: "#000" }).resize({ ...fitTo, fit: "fill" }) : opened;
  // As 8-bit grey, opacity would be lost.
  const isSplit = !isFitted && space === "b-w" && hasAlpha;
  const { data, info } = await image
    .toColourspace(isSplit ? "srgb" : space)
    .raw({ depth: bits === 16 ? "ushort" : "uchar" })
    .toBuffer({ resolveWithObject: true });
  const { height, width, channels } = info;
  const samples =
    bits === 16
      ? new Uint16Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength))
      : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const decoded = { height, width, channels, samples, bits };
  if (space === "cmyk") return fromCmyk(decoded, 255);
  if (isFitted || (channels !== 2 && channels !== 4)) return decoded;
  const alpha = { channel: channels - 1, premultiplied: false };
  return isSplit ? greyWithOpacity({ ...decoded, alpha }) : { ...decoded, alpha };
}

/** Converts three equal colours with opacity to grey. */
function greyWithOpacity({ height, width, samples, bits }: DecodedImage): DecodedImage {
  const out = new Uint8Array(2 * height * width);
  for (let at = 0, from = 0; at < out.length; at += 2, from += 4)
    [out[at], out[at + 1]] = [samples[from], samples[from + 3]];
  return { height, width, channels: 2, samples: out, bits, alpha: { channel: 1, premultiplied: false } };
}

async function openFile(
  source: FileSource,
  options: ReadOptions & { readonly fitTo?: ImageSize },
): Promise<OpenedImage> {
  // From bytes, since libvips caches by path and would return a changed file's old content.
  const { bytes, where } = await readSource(source);
  return openImage(bytes, where, { ...options, decodePicture });
}

/**
 * Reads an image or a mask as measured, upright, without opacity; docs/images.md lists what is read.
 *
 * @throws {FormatError} naming the file if it is no image, damaged, too large or not read
 * @throws {OptionError} if it has no such page or channel
 * @throws {EnvironmentError} if it cannot be read
 */
export async function readImage(source: FileSource, options: ReadOptions = {}): Promise<ImageFile> {
  const opened = await openFile(source, options);
  return toImageFile(opened, whereOf(source));
}

/**
 * Reads an image and fits it to a classifier's input: upright, grey or colour as required, transparency on black,
 * scaled to the size regardless of proportions. Deep images are converted to 8 bits as docs/images.md describes.
 *
 * @shape `[channels, height, width]`, 0 to 255
 * @throws {FormatError} naming the file if it is no image, damaged, too large or not read
 * @throws {OptionError} if it has no such page or channel, or channels that do not fit
 * @throws {EnvironmentError} if it cannot be read
 */
export async function decodeImage(
  source: FileSource,
  { channels, height, width, ...options }: ImageFormat & ReadOptions,
): Promise<Uint8Array> {
  return fitImage(
    await openFile(source, { ...options, fitTo: { height, width } }),
    { channels, height, width },
    { where: whereOf(source), onNote: options.onNote },
  );
}
