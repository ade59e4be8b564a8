import { FormatError, ResiduaError } from "../../tensor/errors.ts";
import { decodeBmp } from "./bmp.ts";
import { chooseChannels, choosePage, requireChoice } from "./choose.ts";
import { findKind, type ImageHeader, readHeader } from "./header.ts";
import { damaged, requireDecodable } from "./limits.ts";
import { decodePnm } from "./pnm.ts";
import type { DecodedImage, ImageChoice, ImageFile, OnNote } from "./raster.ts";
import type { ImageSize } from "./resize.ts";
import { readTiff } from "./tiff/read.ts";

/** A request to a runtime's decoder. */
export interface PictureRequest {
  /** The page or frame, from 0. */
  readonly page: number;
  /** The file, for errors. */
  readonly where: string;
  /** The final size, composited on black: a decoder that shrinks exactly as `resize` does may do so directly. */
  readonly fitTo?: ImageSize | undefined;
}

/** Decodes formats that the runtime supports, upright, in the stored colours: an embedded profile is ignored. */
export type DecodePicture = (bytes: Uint8Array, header: ImageHeader, request: PictureRequest) => Promise<DecodedImage>;

/** How an image is read. */
export interface ReadOptions extends ImageChoice {
  /** Receives notes on the page read, if there are several, and on how values were mapped. */
  readonly onNote?: OnNote | undefined;
  /** The most bytes that it may decode to. Default: 512 MiB. */
  readonly maximumBytes?: number;
}

/** A decoded page with opacity and metadata. */
export interface OpenedImage {
  readonly image: DecodedImage;
  /** The channel still to select. */
  readonly choice: ImageChoice;
  readonly about: Omit<ImageFile, "height" | "width" | "channels" | "samples">;
}

/**
 * Decodes a file's bytes; the format is detected by content, not by name.
 *
 * @param where the file, for errors
 * @throws {FormatError} if it is not an image, damaged, too large or unsupported; one line that says what it is
 * @throws {OptionError} if it has no such page or channel
 */
export async function openImage(
  bytes: Uint8Array,
  where: string,
  {
    decodePicture,
    onNote,
    fitTo,
    maximumBytes,
    ...choice
  }: ReadOptions & { readonly decodePicture: DecodePicture; readonly fitTo?: ImageSize },
): Promise<OpenedImage> {
  requireChoice(choice);
  const kind = findKind(bytes, where);
  if (kind === "TIFF") {
    const decodeJpeg = (jpeg: Uint8Array): Promise<DecodedImage> =>
      decodeWhole(jpeg, readChecked(jpeg, { kind: "JPEG", where, maximumBytes }), { decodePicture, page: 0, where });
    const { image, channelIsPage, ...about } = await readTiff(bytes, {
      where,
      choice,
      onNote,
      decodeJpeg,
      maximumBytes,
    });
    return { image, choice: channelIsPage ? {} : choice, about: { kind, bits: image.bits, ...about } };
  }
  const header = readChecked(bytes, { kind, where, maximumBytes });
  const { pages, lossy } = header;
  const page = choosePage(choice, { where, pages, onNote });
  const image = await decodeWhole(bytes, header, { decodePicture, page: page - 1, where, fitTo });
  return { image, choice, about: { kind, bits: image.bits, lossy, page, pages } };
}

function readChecked(
  bytes: Uint8Array,
  {
    kind,
    where,
    maximumBytes,
  }: { readonly kind: ImageHeader["kind"]; readonly where: string; readonly maximumBytes: number | undefined },
): ImageHeader {
  const header = readHeader(bytes, kind, where);
  requireDecodable({ ...header, bytesPerSample: Math.ceil(header.bits / 8) }, where, maximumBytes);
  return header;
}

async function decodeWhole(
  bytes: Uint8Array,
  header: ImageHeader,
  { decodePicture, ...request }: PictureRequest & { readonly decodePicture: DecodePicture },
): Promise<DecodedImage> {
  const { where } = request;
  if (header.kind === "BMP") return decodeBmp(bytes, where);
  if (header.kind === "PNM") return decodePnm(bytes, where);
  if (header.kind === "JPEG" && header.bits !== 8)
    throw new FormatError(where, `is a JPEG of ${header.bits} bits, which is not supported; supported are 8 bits`);
  try {
    return await decodePicture(bytes, header, request);
  } catch (error) {
    throw error instanceof ResiduaError ? error : damaged(where, header.kind, error);
  }
}

/**
 * The image as measured, with the chosen channels and without opacity.
 * @throws {OptionError} if it has no such channel
 */
export function toImageFile({ image, choice, about }: OpenedImage, where: string): ImageFile {
  return { ...about, ...chooseChannels(image, choice, where) };
}
