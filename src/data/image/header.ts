import { damaged, notRead } from "./limits.ts";
import { FormatError } from "../../tensor/errors.ts";

/** Kinds of images by what begins them. */
export type ImageKind = "PNG" | "JPEG" | "TIFF" | "WebP" | "GIF" | "BMP" | "PNM" | "AVIF";

/** The supported kinds, for errors about others. */
const readKinds = "supported are PNG, JPEG, TIFF, WebP, GIF, BMP, PNM and AVIF";

/** The contents of a header: enough to bound the cost of decoding. */
export interface ImageHeader {
  readonly kind: Exclude<ImageKind, "TIFF">;
  readonly height: number;
  readonly width: number;
  /** Of all decoded channels, opacity included. */
  readonly channels: number;
  readonly bits: number;
  readonly pages: number;
  readonly lossy: boolean;
  readonly hasAlpha: boolean;
}

const text = (bytes: Uint8Array, start: number, end: number): string =>
  String.fromCharCode(...bytes.subarray(start, end));

/** Known but unsupported kinds, by their signatures. */
const otherKinds: readonly (readonly [name: string, test: (head: string) => boolean])[] = [
  ["an SVG drawing", (head) => /^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\0?\s*<(?:\?xml|!DOCTYPE svg|!--|svg)/i.test(head) && /<(?:\w+:)?svg/i.test(head.replaceAll("\0", ""))],
  ["an HTML page", (head) => /^\s*<(?:!DOCTYPE html|html)/i.test(head)],
  ["a PDF", (head) => head.startsWith("%PDF")],
  ["a JPEG 2000", (head) => head.startsWith("\0\0\0\fjP  ") || head.startsWith("\xff\x4f\xff\x51")],
  ["a JPEG XL", (head) => head.startsWith("\xff\x0a") || head.startsWith("\0\0\0\fJXL ")],
  ["an HEIC picture", (head) => /^....ftyp(?:heic|heix|hevc|mif1|msf1)/s.test(head)],
  ["a Photoshop file", (head) => head.startsWith("8BPS")],
  ["an OpenEXR image", (head) => head.startsWith("v/1\x01")],
  ["a Radiance image", (head) => head.startsWith("#?RADIANCE") || head.startsWith("#?RGBE")],
  ["an icon", (head) => head.startsWith("\0\0\x01\0")],
  ["a compressed archive", (head) => head.startsWith("\x1f\x8b") || head.startsWith("PK\x03\x04")],
  ["a DICOM file", (head) => head.slice(128, 132) === "DICM"],
  ["a FITS file", (head) => head.startsWith("SIMPLE  =")],
  ["an HDF5 file", (head) => head.startsWith("\x89HDF\r\n")],
]; // prettier-ignore

/** Detects the kind by content, ignoring the file name. @throws {FormatError} naming what else it is */
export function findKind(bytes: Uint8Array, where: string): ImageKind {
  const head = text(bytes, 0, 12);
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return "PNG";
  if (head.startsWith("\xff\xd8\xff")) return "JPEG";
  if (/^(?:II[\x2a\x2b]\0|MM\0[\x2a\x2b])/.test(head)) return "TIFF";
  if (/^RIFF.{4}WEBP/s.test(head)) return "WebP";
  if (/^GIF8[79]a/.test(head)) return "GIF";
  if (/^.{4}ftypavi[fs]/s.test(head)) return "AVIF";
  if (/^BM.{8}/s.test(head)) return "BMP";
  if (/^P[1-6][\s#]/.test(head)) return "PNM";
  if (bytes.length === 0) throw new FormatError(where, `is empty, must be an image; ${readKinds}`);
  const more = text(bytes, 0, 1024);
  const other = otherKinds.find(([, test]) => test(more));
  if (other === undefined) throw new FormatError(where, `is not an image of a known kind; ${readKinds}`);
  throw notRead(where, other[0], readKinds);
}

type Reader = (bytes: Uint8Array, view: DataView) => Omit<ImageHeader, "kind"> | undefined;

const none = { pages: 1, lossy: false, hasAlpha: false } as const;

/** @source PNG, third edition, sections 11.2 and 11.3 */
const readPng: Reader = (bytes, view) => {
  if (text(bytes, 12, 16) !== "IHDR") return undefined;
  const [bits, type] = [bytes[24], bytes[25]];
  const colours = ({ 0: 1, 2: 3, 3: 3, 4: 1, 6: 3 } as const)[type];
  if (colours === undefined) return undefined;
  let hasAlpha = type === 4 || type === 6;
  // The opacity of a colour key or palette precedes the pixels.
  for (
    let at = 8;
    !hasAlpha && at + 12 <= bytes.length && text(bytes, at + 4, at + 8) !== "IDAT";
    at += 12 + view.getUint32(at)
  )
    hasAlpha = text(bytes, at + 4, at + 8) === "tRNS";
  const isDeep = bits === 16;
  return {
    ...none,
    width: view.getUint32(16),
    height: view.getUint32(20),
    channels: colours + (hasAlpha ? 1 : 0),
    bits: isDeep ? 16 : 8,
    hasAlpha,
  };
};

/** @source ITU-T T.81, B.2.2 */
const readJpeg: Reader = (bytes, view) => {
  for (let at = 2; at + 9 < bytes.length;) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1];
    if (marker === 0xff) at++;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))
      return {
        ...none,
        bits: bytes[at + 4],
        height: view.getUint16(at + 5),
        width: view.getUint16(at + 7),
        channels: bytes[at + 9],
        lossy: true,
      };
    else at += 2 + view.getUint16(at + 2);
  }
  return undefined;
};

/** @source GIF89a: a picture is decoded whole, with opacity */
const readGif: Reader = (bytes, view) => {
  const size = {
    width: view.getUint16(6, true),
    height: view.getUint16(8, true),
    channels: 4,
    bits: 8,
    hasAlpha: true,
  };
  let at = 13 + ((bytes[10] & 0x80) === 0 ? 0 : 3 * 2 ** ((bytes[10] & 7) + 1));
  const skipPieces = (): void => {
    while (at < bytes.length && bytes[at] !== 0) at += 1 + bytes[at];
    at++;
  };
  let pages = 0;
  while (at < bytes.length && bytes[at] !== 0x3b) {
    if (bytes[at] === 0x2c) {
      pages++;
      at += 10 + ((bytes[at + 9] & 0x80) === 0 ? 0 : 3 * 2 ** ((bytes[at + 9] & 7) + 1)) + 1;
    } else if (bytes[at] === 0x21) at += 2;
    else return undefined;
    skipPieces();
  }
  return pages === 0 ? undefined : { ...none, ...size, pages };
};

/** @source WebP container: the first chunk says what follows */
const readWebp: Reader = (bytes, view) => {
  const fourCc = text(bytes, 12, 16);
  const about = { ...none, bits: 8 };
  const three = (at: number): number => bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
  if (fourCc === "VP8L") {
    const packed = view.getUint32(21, true);
    const hasAlpha = ((packed >>> 28) & 1) === 1;
    return {
      ...about,
      width: (packed & 0x3fff) + 1,
      height: ((packed >>> 14) & 0x3fff) + 1,
      channels: hasAlpha ? 4 : 3,
      hasAlpha,
    };
  }
  if (fourCc === "VP8 ")
    return {
      ...about,
      width: view.getUint16(26, true) & 0x3fff,
      height: view.getUint16(28, true) & 0x3fff,
      channels: 3,
      lossy: true,
    };
  if (fourCc !== "VP8X") return undefined;
  const hasAlpha = (bytes[20] & 0x10) !== 0;
  let [pages, lossy] = [0, false];
  for (let at = 12; at + 8 <= bytes.length; at += 8 + 2 * Math.ceil(view.getUint32(at + 4, true) / 2)) {
    const chunk = text(bytes, at, at + 4);
    if (chunk === "ANMF") pages++;
    // A frame begins with 16 bytes of its own, then its chunks.
    const inside = chunk === "ANMF" ? text(bytes, at + 24, at + 28) : chunk;
    lossy ||= inside === "VP8 " || (inside === "ALPH" && chunk === "ANMF");
  }
  return {
    ...about,
    width: three(24) + 1,
    height: three(27) + 1,
    channels: hasAlpha ? 4 : 3,
    hasAlpha,
    pages: Math.max(1, pages),
    lossy,
  };
};

/** @source ISO/IEC 23008-12: the largest extent that a property `ispe` names */
const readAvif: Reader = (bytes, view) => {
  let [width, height] = [0, 0];
  const end = Math.min(bytes.length - 16, 2 ** 16);
  for (let at = 4; at < end; at++) {
    if (bytes[at] !== 0x69 || text(bytes, at, at + 4) !== "ispe") continue;
    width = Math.max(width, view.getUint32(at + 8));
    height = Math.max(height, view.getUint32(at + 12));
  }
  return width === 0 ? undefined : { ...none, width, height, channels: 4, bits: 8, lossy: true, hasAlpha: true };
};

/** @source Microsoft, BITMAPINFOHEADER */
const readBmp: Reader = (_, view) => {
  const isCore = view.getUint32(14, true) === 12;
  const bits = view.getUint16(isCore ? 24 : 28, true);
  const width = isCore ? view.getUint16(18, true) : view.getInt32(18, true);
  const height = isCore ? view.getUint16(20, true) : Math.abs(view.getInt32(22, true));
  return { ...none, width, height, channels: bits === 32 ? 4 : 3, bits: 8 };
};

/** @source netpbm: pbm(5), pgm(5), ppm(5) */
const readPnm: Reader = (bytes) => {
  const type = bytes[1] - 0x30;
  // Comments run to the end of the line.
  const words = text(bytes, 2, 1024).replaceAll(/#[^\n]*/g, " ").trim().split(/\s+/).map(Number); // prettier-ignore
  const highest = type === 1 || type === 4 ? 1 : words[2];
  return {
    ...none,
    width: words[0],
    height: words[1],
    channels: type === 3 || type === 6 ? 3 : 1,
    bits: highest > 255 ? 16 : 8,
  };
};

const readers: Readonly<Record<ImageHeader["kind"], Reader>> = {
  PNG: readPng,
  JPEG: readJpeg,
  GIF: readGif,
  WebP: readWebp,
  AVIF: readAvif,
  BMP: readBmp,
  PNM: readPnm,
};

/** Reads a header. @throws {FormatError} if it is damaged */
export function readHeader(bytes: Uint8Array, kind: ImageHeader["kind"], where: string): ImageHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const found = readers[kind](bytes, view);
    if (found !== undefined) return { kind, ...found };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw damaged(where, kind);
}
