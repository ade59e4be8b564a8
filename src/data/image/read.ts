import { FormatError, ResiduaError } from "../../tensor/errors.ts";
import { decodeBmp } from "./bmp.ts";
import { chooseChannels, choosePage, requireChoice } from "./choose.ts";
import { findKind, type ImageHeader, readHeader } from "./header.ts";
import { damaged, requireDecodable } from "./limits.ts";
import { decodePnm } from "./pnm.ts";
import type { DecodedImage, ImageChoice, ImageFile, OnNote } from "./raster.ts";
import type { ImageSize } from "./resize.ts";
import { readTiff } from "./tiff/read.ts";

/** What a runtime's decoder is asked for. */
export interface PictureRequest {
  /** The page or frame, from 0. */
  readonly page: number;
  /** The file, for errors. */
  readonly where: string;
  /** The size that the image is to have in the end, on black: a decoder that shrinks as `resize` does may do so at once. */
  readonly fitTo?: ImageSize | undefined;
}

/** Decodes what the runtime has a decoder for, upright, in its own colours: an embedded profile changes nothing. */
export type DecodePicture = (bytes: Uint8Array, header: ImageHeader, request: PictureRequest) => Promise<DecodedImage>;

/** How an image is read. */
export interface ReadOptions extends ImageChoice {
  /** Hears which page of several was read, and how values were mapped. */
  readonly onNote?: OnNote | undefined;
}

/** A decoded page with its opacity, and what the file says of itself. */
export interface OpenedImage {
  readonly image: DecodedImage;
  /** The channel that is still to be chosen. */
  readonly choice: ImageChoice;
  readonly about: Omit<ImageFile, "height" | "width" | "channels" | "samples">;
}

/**
 * Decodes a file's bytes; its kind is told by its content, whatever its name.
 *
 * @param where the file, for errors
 * @throws {FormatError} if it is no image, damaged, too large or not read; one line that says what it is
 * @throws {OptionError} if it has no such page or channel
 */
export async function openImage(
  bytes: Uint8Array,
  where: string,
  {
    decodePicture,
    onNote,
    fitTo,
    ...choice
  }: ReadOptions & { readonly decodePicture: DecodePicture; readonly fitTo?: ImageSize },
): Promise<OpenedImage> {
  requireChoice(choice);
  const kind = findKind(bytes, where);
  if (kind === "TIFF") {
    const decodeJpeg = (jpeg: Uint8Array): Promise<DecodedImage> =>
      decodeWhole(jpeg, readChecked(jpeg, "JPEG", where), { decodePicture, page: 0, where });
    const { image, channelIsPage, ...about } = await readTiff(bytes, { where, choice, onNote, decodeJpeg });
    return { image, choice: channelIsPage ? {} : choice, about: { kind, bits: image.bits, ...about } };
  }
  const header = readChecked(bytes, kind, where);
  const { pages, lossy } = header;
  const page = choosePage(choice, { where, pages, onNote });
  const image = await decodeWhole(bytes, header, { decodePicture, page: page - 1, where, fitTo });
  return { image, choice, about: { kind, bits: image.bits, lossy, page, pages } };
}

function readChecked(bytes: Uint8Array, kind: ImageHeader["kind"], where: string): ImageHeader {
  const header = readHeader(bytes, kind, where);
  requireDecodable({ ...header, bytesPerSample: Math.ceil(header.bits / 8) }, where);
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
    throw new FormatError(where, `is a JPEG of ${header.bits} bits, which is not read; read are 8 bits`);
  try {
    return await decodePicture(bytes, header, request);
  } catch (error) {
    throw error instanceof ResiduaError ? error : damaged(where, header.kind, error);
  }
}

/** An opened image as it was measured, with the chosen channels and without opacity. @throws {OptionError} if it has no such channel */
export function toImageFile({ image, choice, about }: OpenedImage, where: string): ImageFile {
  return { ...about, ...chooseChannels(image, choice, where) };
}
