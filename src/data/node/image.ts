import { readFileBytes } from "../../files/node.ts";
import sharp from "sharp";
import type { ImageHeader } from "../image/header.ts";
import { fitImage } from "../image/fit.ts";
import type { DecodedImage, ImageFile } from "../image/raster.ts";
import { openImage, type OpenedImage, type PictureRequest, type ReadOptions, toImageFile } from "../image/read.ts";
import type { ImageSize } from "../image/resize.ts";
import { fromCmyk } from "../image/tiff/page.ts";
import type { ImageFormat } from "../image-set.ts";

/** Seconds that one picture may take. */
const PATIENCE = 120;
/** Samples are at most as many as the largest image has of 8 bits; the header was checked before. */
const LIMIT = 2 ** 29;

/** libvips' name of a picture's own colours: in others it would bring 16 bits to 8, and inks to light. */
function spaceOf({ kind, bits, channels, hasAlpha }: ImageHeader): Space {
  if (kind === "JPEG" && channels === 4) return "cmyk";
  const isGrey = channels - (hasAlpha ? 1 : 0) === 1;
  if (bits === 16) return isGrey ? "grey16" : "rgb16";
  return isGrey ? "b-w" : "srgb";
}

type Space = "cmyk" | "grey16" | "rgb16" | "b-w" | "srgb";

/** Whether libvips may shrink at once. It enlarges off centre, and its way from 16 bits to 8 is another. */
function isShrunkAtOnce({ width, height, bits }: ImageHeader, fitTo: ImageSize | undefined): fitTo is ImageSize {
  // Turned or not: what its camera noted is not known yet.
  return fitTo !== undefined && bits === 8 && Math.min(width, height) >= Math.max(fitTo.width, fitTo.height);
}

async function decodePicture(
  bytes: Uint8Array,
  header: ImageHeader,
  { page, fitTo }: PictureRequest,
): Promise<DecodedImage> {
  const { bits, hasAlpha } = header;
  const space = spaceOf(header);
  // Named, the colours also keep JPEG's decoder from shrinking: fast, but what is too fine remains as a pattern.
  const opened = sharp(bytes, { limitInputPixels: LIMIT, failOn: "truncated", ignoreIcc: true, page })
    .pipelineColourspace(space)
    .autoOrient()
    .timeout({ seconds: PATIENCE });
  const isFitted = isShrunkAtOnce(header, fitTo);
  const image = isFitted ? opened.flatten({ background: "#000" }).resize({ ...fitTo, fit: "fill" }) : opened;
  // As grey of 8 bits, opacity would be left out.
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

/** Three equal colours with opacity, as the grey that they are. */
function greyWithOpacity({ height, width, samples, bits }: DecodedImage): DecodedImage {
  const out = new Uint8Array(2 * height * width);
  for (let at = 0, from = 0; at < out.length; at += 2, from += 4)
    [out[at], out[at + 1]] = [samples[from], samples[from + 3]];
  return { height, width, channels: 2, samples: out, bits, alpha: { channel: 1, premultiplied: false } };
}

async function openFile(path: string, options: ReadOptions & { readonly fitTo?: ImageSize }): Promise<OpenedImage> {
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
  return fitImage(
    await openFile(path, { ...options, fitTo: { height, width } }),
    { channels, height, width },
    { where: path, onNote: options.onNote },
  );
}
