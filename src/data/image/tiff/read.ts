import { type DecodedImage, type ImageChoice, type OnNote } from "../raster.ts";
import type { PixelSize } from "../raster.ts";
import { choosePage } from "../choose.ts";
import { describeTiff } from "./about.ts";
import { listPages, openTiff, readNumbers } from "./directory.ts";
import { type DecodeJpeg, decodePage, plainBytes } from "./page.ts";
import { readLayout } from "./layout.ts";
import { damaged } from "../limits.ts";

/** A page of a TIFF with its metadata. */
export interface TiffPage {
  readonly image: DecodedImage;
  readonly page: number;
  readonly pages: number;
  readonly lossy: boolean;
  readonly pixelSize?: PixelSize;
  readonly channelNames?: readonly string[];
  /** Whether the requested channel is a page. */
  readonly channelIsPage: boolean;
}

/** Reads a page of a TIFF. @throws {FormatError} if it is damaged, too large or not read @throws {OptionError} if there is no such page */
export async function readTiff(
  bytes: Uint8Array,
  {
    where,
    choice,
    onNote,
    decodeJpeg,
    maximumBytes,
  }: {
    readonly where: string;
    readonly choice: ImageChoice;
    readonly onNote?: OnNote | undefined;
    readonly decodeJpeg: DecodeJpeg;
    readonly maximumBytes?: number | undefined;
  },
): Promise<TiffPage> {
  const file = openTiff(bytes, where, maximumBytes);
  const directories = listPages(file);
  const about = describeTiff(file, directories[0]);
  // One directory for all, consecutive images: ImageJ writes files over 4 GB this way.
  const isPlain = directories.length === 1 && about.images > 1;
  const pages = isPlain ? about.images : directories.length;
  const names = about.channels !== undefined && about.channels.names.length <= pages ? about.channels : undefined;
  const samples = readNumbers(file, directories[0], 277)[0] ?? 1;
  const channelIsPage =
    names !== undefined && samples === 1 && choice.page === undefined && choice.channel !== undefined;
  const page = choosePage(choice, {
    where,
    pages,
    onNote,
    ...(names === undefined ? {} : { channels: names }),
    channelIsPage,
  });
  try {
    const directory = directories[isPlain ? 0 : page - 1];
    const shift = isPlain ? (page - 1) * plainBytes(readLayout(file, directory)) : 0;
    const image = await decodePage(file, directory, { decodeJpeg, shift });
    return {
      image,
      page,
      pages,
      lossy: [6, 7].includes(readNumbers(file, directory, 259)[0] ?? 1),
      channelIsPage,
      ...(about.pixelSize === undefined ? {} : { pixelSize: about.pixelSize }),
      ...(names === undefined ? {} : { channelNames: names.names }),
    };
  } catch (error) {
    throw error instanceof RangeError ? damaged(where, "TIFF", error) : error;
  }
}
