import { listPages, openTiff, readNumbers } from "./tiff/directory.ts";
import type { DecodedImage } from "./raster.ts";

/** A chunk with its length, name and checksum. */
interface Chunk {
  readonly name: string;
  readonly start: number;
  readonly length: number;
}

function listChunks(bytes: Uint8Array): readonly Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let start = 8; start + 12 <= bytes.length;) {
    const length = view.getUint32(start);
    chunks.push({ name: String.fromCharCode(...bytes.subarray(start + 4, start + 8)), start, length });
    start += 12 + length;
  }
  return chunks;
}

/** The orientation in embedded EXIF data, from 1. */
export function readPngOrientation(bytes: Uint8Array): number {
  const chunk = listChunks(bytes).find(({ name }) => name === "eXIf");
  if (chunk === undefined) return 1;
  try {
    const file = openTiff(bytes.subarray(chunk.start + 8, chunk.start + 8 + chunk.length), "EXIF");
    return readNumbers(file, listPages(file)[0], 274)[0] ?? 1;
  } catch {
    // Unreadable data mean no rotation.
    return 1;
  }
}

/** Chunks needed for pixels; others, such as a profile, could unpack to any size. */
const needed = new Set(["IHDR", "PLTE", "tRNS", "IDAT", "IEND"]);

function keepPixels(bytes: Uint8Array): Uint8Array {
  const chunks = listChunks(bytes).filter(({ name }) => needed.has(name));
  const pieces = [
    bytes.subarray(0, 8),
    ...chunks.map(({ start, length }) => bytes.subarray(start, start + 12 + length)),
  ];
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/** Decodes a PNG with all of its bits and its opacity, where the runtime's own decoder would lose them. */
export async function decodePng(bytes: Uint8Array): Promise<DecodedImage> {
  const { convertIndexedToRgb, decode } = await import("fast-png");
  const png = decode(keepPixels(bytes), { checkCrc: true });
  const { width, height, palette, transparency } = png;
  const samples = palette === undefined ? png.data : convertIndexedToRgb(png);
  const channels = samples.length / (width * height);
  const image = {
    height,
    width,
    channels,
    bits: samples instanceof Uint16Array ? 16 : 8,
    samples: samples as Uint8Array | Uint16Array,
  };
  if (transparency !== undefined && palette === undefined) return addKey(image, transparency);
  return channels === 2 || channels === 4
    ? { ...image, alpha: { channel: channels - 1, premultiplied: false } }
    : image;
}

/** Makes one colour transparent. */
function addKey({ height, width, channels, bits, samples }: DecodedImage, key: Uint16Array): DecodedImage {
  const wide = channels + 1;
  const out = bits === 16 ? new Uint16Array(height * width * wide) : new Uint8Array(height * width * wide);
  for (let pixel = 0; pixel < height * width; pixel++) {
    let isKey = true;
    for (let channel = 0; channel < channels; channel++) {
      const value = samples[pixel * channels + channel];
      isKey &&= value === key[channel];
      out[pixel * wide + channel] = value;
    }
    out[pixel * wide + channels] = isKey ? 0 : 2 ** bits - 1;
  }
  return { height, width, channels: wide, bits, samples: out, alpha: { channel: channels, premultiplied: false } };
}
