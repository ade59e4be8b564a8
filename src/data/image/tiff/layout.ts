import { FormatError } from "../../../tensor/errors.ts";
import { maximumBlocks, maximumDecodedBytes, notRead, requireDecodable } from "../limits.ts";
import { type Directory, readBytes, readNumbers, type TiffFile } from "./directory.ts";

/** How samples are to be understood. */
export type SampleKind = "uint" | "int" | "float";
/** What samples mean. */
export type Photometric = "white-is-zero" | "black-is-zero" | "rgb" | "palette" | "cmyk" | "ycbcr";

/** The layout of a page in its file. */
export interface PageLayout {
  readonly height: number;
  readonly width: number;
  /** Samples per pixel, opacity included. */
  readonly samples: number;
  readonly bits: number;
  readonly kind: SampleKind;
  readonly photometric: Photometric;
  readonly compression: Compression;
  readonly predictor: number;
  /** Whether each channel has blocks of its own. */
  readonly planar: boolean;
  /** Whether the first pixel is in the lowest bit. */
  readonly lowBitFirst: boolean;
  /** Rows and columns of a tile, or of a strip. */
  readonly blockHeight: number;
  readonly blockWidth: number;
  readonly tiled: boolean;
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
  readonly alpha?: { readonly channel: number; readonly premultiplied: boolean };
  readonly colourMap: readonly number[];
  readonly jpegTables: Uint8Array;
  /** Options of fax encodings: bit 0 of T4Options means two dimensions. */
  readonly faxOptions: number;
  readonly orientation: number;
}

const compressions = {
  1: "none",
  2: "CCITT RLE",
  3: "CCITT G3",
  4: "CCITT G4",
  5: "LZW",
  7: "JPEG",
  8: "deflate",
  32946: "deflate",
  32773: "PackBits",
} as const;
/** How pixels are compressed. */
export type Compression = (typeof compressions)[keyof typeof compressions];
/** Compressions in the order of {@link PageLayout}, each once. */
const tiffCompressions: readonly Compression[] = [...new Set(Object.values(compressions))];

/** Names of unsupported methods, so that they can be refused by name. */
const otherCompressions: Readonly<Record<number, string>> = {
  6: "old-style JPEG", 9: "JBIG", 10: "JBIG", 32809: "ThunderScan", 33003: "JPEG 2000", 33005: "JPEG 2000", 34661: "JBIG",
  34676: "SGI LogLuv", 34712: "JPEG 2000", 34887: "LERC", 34892: "lossy JPEG of DNG", 34925: "LZMA", 50000: "Zstandard",
  50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL",
}; // prettier-ignore
const photometrics: Readonly<Record<number, Photometric>> = {
  0: "white-is-zero",
  1: "black-is-zero",
  2: "rgb",
  3: "palette",
  5: "cmyk",
  6: "ycbcr",
};
const otherPhotometrics: Readonly<Record<number, string>> = {
  4: "a transparency mask", 8: "CIELab colours", 9: "ICCLab colours", 10: "ITULab colours", 32803: "a camera's raw mosaic",
  32844: "LogL", 32845: "LogLuv colours", 34892: "linear raw colours",
}; // prettier-ignore
const colourSamples: Readonly<Record<Photometric, number>> = {
  "white-is-zero": 1,
  "black-is-zero": 1,
  rgb: 3,
  palette: 1,
  cmyk: 4,
  ycbcr: 3,
};
const floatBits = [16, 32, 64];
const intBits = [8, 16, 32];
const readTypes = "supported are whole numbers of up to 32 bits and floats of 16, 32 and 64";

/**
 * Reads a page's layout from its fields, checked before anything is decoded.
 * @throws {FormatError} if something is missing, contradictory, too large or unsupported
 */
export function readLayout(file: TiffFile, directory: Directory): PageLayout {
  const { where } = file;
  const numbers = (tag: number): readonly number[] => readNumbers(file, directory, tag);
  const one = (tag: number, standard: number): number => numbers(tag)[0] ?? standard;
  const [width, height] = [one(256, Number.NaN), one(257, Number.NaN)];
  const samples = one(277, 1);
  const { bits, kind } = readSampleType(numbers(258), numbers(339), where);
  if (!Number.isInteger(samples) || samples < 1)
    throw new FormatError(where, `has ${samples} samples in a pixel, must be a whole number above 0`);
  requireDecodable({ height, width, channels: samples, bytesPerSample: Math.ceil(bits / 8) }, where, file.maximumBytes);
  const photometric = readPhotometric(one(262, samples >= 3 ? 2 : 1), one(259, 1), where);
  const colours = colourSamples[photometric];
  if (samples < colours) throw new FormatError(where, `has ${samples} samples in a pixel, must have ${colours}`);
  const tiled = directory.has(322);
  const alpha = numbers(338).findIndex((meaning) => meaning === 1 || meaning === 2);
  const layout = {
    height,
    width,
    samples,
    bits,
    kind,
    photometric,
    compression: readCompression(one(259, 1), where),
    predictor: one(317, 1),
    planar: samples > 1 && one(284, 1) === 2,
    lowBitFirst: one(266, 1) === 2,
    blockWidth: tiled ? one(322, 0) : width,
    blockHeight: tiled ? one(323, 0) : Math.min(one(278, height), height),
    tiled,
    offsets: numbers(tiled ? 324 : 273),
    lengths: numbers(tiled ? 325 : 279),
    ...(alpha === -1 ? {} : { alpha: { channel: colours + alpha, premultiplied: numbers(338)[alpha] === 1 } }),
    colourMap: photometric === "palette" ? numbers(320) : [],
    jpegTables: readBytes(file, directory, 347),
    faxOptions: one(292, 0),
    orientation: one(274, 1),
  };
  requireLayout(layout, where);
  return layout;
}

function readSampleType(
  bits: readonly number[],
  formats: readonly number[],
  where: string,
): { readonly bits: number; readonly kind: SampleKind } {
  const [depth, format] = [bits[0] ?? 1, formats[0] ?? 1];
  if (bits.some((other) => other !== depth) || formats.some((other) => other !== format))
    throw notRead(where, "a TIFF whose channels differ in type", "save all channels with one type");
  const kind = ({ 1: "uint", 2: "int", 3: "float", 4: "uint" } as const)[format];
  if (kind === undefined)
    throw notRead(
      where,
      `a TIFF of ${format === 5 || format === 6 ? "complex numbers" : `sample format ${format}`}`,
      readTypes,
    );
  const isRead =
    Number.isInteger(depth) &&
    (kind === "uint"
      ? depth >= 1 && (depth <= 16 || depth === 32)
      : (kind === "int" ? intBits : floatBits).includes(depth));
  if (isRead) return { bits: depth, kind };
  const words = { uint: "whole numbers", int: "signed whole numbers", float: "floats" } as const;
  throw notRead(where, `a TIFF of ${words[kind]} of ${depth} bits`, readTypes);
}

function readPhotometric(code: number, compression: number, where: string): Photometric {
  const found = photometrics[code];
  const read = "supported are grey, RGB, palettes, CMYK and JPEG's YCbCr";
  if (found === undefined)
    throw notRead(where, `a TIFF of ${otherPhotometrics[code] ?? `colours of kind ${code}`}`, read);
  if (found === "ycbcr" && compression !== 7) throw notRead(where, "a TIFF of YCbCr colours without JPEG", read);
  return found;
}

function readCompression(code: number, where: string): Compression {
  const found = (compressions as Readonly<Record<number, Compression>>)[code];
  if (found !== undefined) return found;
  const read = `supported are ${tiffCompressions.join(", ")}`;
  throw notRead(where, `a TIFF compressed with ${otherCompressions[code] ?? `method ${code}`}`, read);
}

function requireLayout(layout: PageLayout, where: string): void {
  const { width, height, samples, bits, kind, planar, blockWidth, blockHeight, compression, predictor } = layout;
  if (![blockWidth, blockHeight].every((side) => Number.isInteger(side) && side > 0))
    throw new FormatError(where, `has blocks of ${blockWidth} × ${blockHeight}, must be whole numbers above 0`);
  const blocks = Math.ceil(width / blockWidth) * Math.ceil(height / blockHeight) * (planar ? samples : 1);
  if (blocks > maximumBlocks)
    throw new FormatError(
      where,
      `has ${blocks} tiles or strips, must have at most ${maximumBlocks}; save it with larger ones`,
    );
  const bytes = blockWidth * blockHeight * (planar ? 1 : samples) * Math.ceil(bits / 8);
  if (bytes > maximumDecodedBytes || blocks * bytes > 4 * maximumDecodedBytes)
    throw new FormatError(
      where,
      `has tiles of ${blockWidth} × ${blockHeight} pixels, which are too large; save it with smaller ones`,
    );
  if (layout.offsets.length < blocks || (layout.lengths.length < blocks && !(blocks === 1 && compression === "none")))
    throw new FormatError(where, `has ${layout.offsets.length} of its ${blocks} tiles or strips; save it again`);
  if (compression.startsWith("CCITT") && (bits !== 1 || samples !== 1))
    throw new FormatError(where, `is a fax of ${samples} × ${bits} bits, must be black and white`);
  if (compression === "JPEG" && (bits !== 8 || kind !== "uint"))
    throw notRead(where, `a TIFF of JPEG with ${bits} bits`, "supported are 8 bits");
  const known = kind === "float" ? [1, 3] : [1, 2];
  const isWhole = bits % 8 === 0;
  if (!known.includes(predictor) || (predictor !== 1 && !isWhole))
    throw notRead(
      where,
      `a TIFF of ${bits}-bit ${kind === "float" ? "floats" : "whole numbers"} with predictor ${predictor}`,
      `supported are ${known.join(" and ")}`,
    );
  requireMeaning(layout, where);
}

function requireMeaning({ photometric, samples, bits, kind, planar, compression }: PageLayout, where: string): void {
  if (photometric === "white-is-zero" && kind !== "uint")
    throw notRead(where, "a TIFF of signed numbers or floats whose 0 is white", "save it with 0 as black");
  if (photometric === "palette" && (samples !== 1 || bits > 16 || kind !== "uint"))
    throw notRead(where, `a TIFF with a palette and ${samples} samples of ${bits} bits`, "supported is 1 of up to 16");
  if (photometric === "cmyk" && (kind !== "uint" || (bits !== 8 && bits !== 16) || compression === "JPEG"))
    throw notRead(
      where,
      `a TIFF of CMYK with ${bits} bits${compression === "JPEG" ? " and JPEG" : ""}`,
      "supported are 8 and 16 bits without JPEG",
    );
  if (photometric === "ycbcr" && (planar || samples !== 3))
    throw notRead(where, "a TIFF of JPEG in separate planes or with opacity", "save it as plain RGB");
}
