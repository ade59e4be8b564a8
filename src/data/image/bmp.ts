import { damaged, notRead } from "./limits.ts";
import type { DecodedImage } from "./raster.ts";

/** The bits of a colour within a pixel. */
interface Mask {
  readonly shift: number;
  readonly highest: number;
}

const toMask = (bits: number): Mask => {
  const shift = bits === 0 ? 0 : Math.clz32(bits & -bits) ^ 31;
  return { shift, highest: bits >>> shift };
};

/** The contents of a BMP header beyond its size. */
interface BmpHeader {
  readonly width: number;
  readonly height: number;
  readonly isUpsideDown: boolean;
  readonly bits: number;
  readonly start: number;
  /** Blue, green, red per colour, one byte each. */
  readonly palette: Uint8Array;
  readonly paletteStep: number;
  readonly masks: readonly Mask[];
}

const RGB = 0;
const BIT_FIELDS = [3, 6];
const otherCompressions: Readonly<Record<number, string>> = { 1: "RLE8", 2: "RLE4", 4: "JPEG", 5: "PNG" };
const standardMasks: Readonly<Record<number, readonly number[]>> = {
  16: [0x7c00, 0x3e0, 0x1f],
  32: [0xff0000, 0xff00, 0xff],
};

/** @source Microsoft, BITMAPCOREHEADER, BITMAPINFOHEADER, BITMAPV4HEADER */
function readBmpHeader(bytes: Uint8Array, where: string): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = view.getUint32(14, true);
  const isCore = size === 12;
  const bits = view.getUint16(isCore ? 24 : 28, true);
  const compression = isCore ? RGB : view.getUint32(30, true);
  const isRead =
    [1, 4, 8, 16, 24, 32].includes(bits) && (compression === RGB || (BIT_FIELDS.includes(compression) && bits >= 16));
  if (!isRead)
    throw notRead(
      where,
      `a BMP of ${bits} bits${compression === RGB ? "" : ` with ${otherCompressions[compression] ?? `compression ${compression}`}`}`,
      "supported are uncompressed ones of 1, 4, 8, 16, 24 and 32 bits",
    );
  const height = isCore ? view.getInt16(20, true) : view.getInt32(22, true);
  const isMasked = compression !== RGB;
  // The masks belong to later headers, and follow the earlier one.
  const masks = isMasked
    ? [54, 58, 62, ...(size >= 56 || compression === 6 ? [66] : [])].map((at) => view.getUint32(at, true))
    : (standardMasks[bits] ?? []);
  const count = bits > 8 ? 0 : isCore ? 2 ** bits : view.getUint32(46, true) || 2 ** bits;
  const paletteStep = isCore ? 3 : 4;
  const paletteAt = 14 + size;
  return {
    width: isCore ? view.getUint16(18, true) : view.getInt32(18, true),
    height: Math.abs(height),
    isUpsideDown: height > 0,
    bits,
    start: view.getUint32(10, true),
    palette: bytes.subarray(paletteAt, paletteAt + Math.min(count, 256) * paletteStep),
    paletteStep,
    masks: masks.map(toMask).filter(({ highest }) => highest > 0),
  };
}

/**
 * Decodes a Windows BMP: grey if its whole palette is, otherwise red, green and blue; with opacity if the file defines
 * it.
 * @throws {FormatError} if it is compressed or truncated
 */
export function decodeBmp(bytes: Uint8Array, where: string): DecodedImage {
  try {
    const header = readBmpHeader(bytes, where);
    const { width, height, bits, start } = header;
    const rowBytes = 4 * Math.ceil((width * bits) / 32);
    if (start < 14 || start + rowBytes * height > bytes.length) throw damaged(where, "BMP");
    return bits <= 8 ? readIndexed(bytes, header, where) : readDirect(bytes, header);
  } catch (error) {
    throw error instanceof RangeError ? damaged(where, "BMP", error) : error;
  }
}

const rowStart = ({ start, width, height, bits, isUpsideDown }: BmpHeader, row: number): number =>
  start + (isUpsideDown ? height - 1 - row : row) * 4 * Math.ceil((width * bits) / 32);

function readIndexed(bytes: Uint8Array, header: BmpHeader, where: string): DecodedImage {
  const { width, height, bits, palette, paletteStep: step } = header;
  const count = Math.floor(palette.length / step);
  const isGrey = Array.from({ length: count }, (_, at) => at * step).every(
    (at) => palette[at] === palette[at + 1] && palette[at] === palette[at + 2],
  );
  const channels = isGrey ? 1 : 3;
  const samples = new Uint8Array(width * height * channels);
  for (let row = 0, to = 0; row < height; row++) {
    const from = rowStart(header, row);
    for (let column = 0; column < width; column++) {
      const bit = column * bits;
      const index = (bytes[from + (bit >> 3)] >> (8 - bits - (bit & 7))) & (2 ** bits - 1);
      if (index >= count) throw damaged(where, "BMP");
      for (let channel = 0; channel < channels; channel++) samples[to++] = palette[index * step + 2 - channel];
    }
  }
  return { height, width, channels, samples, bits: 8 };
}

function readDirect(bytes: Uint8Array, header: BmpHeader): DecodedImage {
  const { width, height, bits, masks } = header;
  const size = bits / 8;
  const channels = bits === 24 ? 3 : masks.length;
  const samples = new Uint8Array(width * height * channels);
  for (let row = 0, to = 0; row < height; row++) {
    for (let column = 0, at = rowStart(header, row); column < width; column++, at += size) {
      if (bits === 24) {
        for (let channel = 0; channel < 3; channel++) samples[to++] = bytes[at + 2 - channel];
        continue;
      }
      const pixel =
        (bytes[at] | (bytes[at + 1] << 8) | (size === 4 ? (bytes[at + 2] << 16) | (bytes[at + 3] << 24) : 0)) >>> 0;
      for (const { shift, highest } of masks)
        samples[to++] = Math.round((((pixel >>> shift) & highest) * 255) / highest);
    }
  }
  return {
    height,
    width,
    channels,
    samples,
    bits: 8,
    ...(channels === 4 ? { alpha: { channel: 3, premultiplied: false } } : {}),
  };
}
