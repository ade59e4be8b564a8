import { FormatError } from "../../tensor/errors.ts";
import { damaged } from "./limits.ts";
import type { DecodedImage, Samples } from "./raster.ts";

const isSpace = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13);

/** Words of a PNM, between which are white space and comments. */
function createWords(bytes: Uint8Array, start: number): { next: (single?: boolean) => number; at: () => number } {
  let at = start;
  const skip = (): void => {
    for (; at < bytes.length && (isSpace(bytes[at]) || bytes[at] === 0x23); at++)
      if (bytes[at] === 0x23) while (at < bytes.length && bytes[at] !== 10) at++;
  };
  return {
    // Bits need no white space between them.
    next: (single = false) => {
      skip();
      let [value, digits] = [0, 0];
      for (; at < bytes.length && bytes[at] >= 48 && bytes[at] <= 57 && digits < (single ? 1 : 9); at++, digits++)
        value = 10 * value + bytes[at] - 48;
      return digits === 0 ? Number.NaN : value;
    },
    at: () => at,
  };
}

/**
 * Decodes PBM, PGM and PPM, as text or as bytes. Black and white are 0 and 255; other values are unchanged, unless
 * their maximum is below 255: then they are scaled to 255.
 *
 * @source netpbm: pbm(5), pgm(5), ppm(5)
 */
export function decodePnm(bytes: Uint8Array, where: string): DecodedImage {
  const type = bytes[1] - 0x30;
  const words = createWords(bytes, 2);
  const [width, height] = [words.next(), words.next()];
  const isBits = type === 1 || type === 4;
  const highest = isBits ? 1 : words.next();
  if (!(highest >= 1 && highest <= 65_535))
    throw new FormatError(where, `has values up to ${highest}, must be from 1 to 65535`);
  const channels = type === 3 || type === 6 ? 3 : 1;
  const count = width * height * channels;
  const samples: Samples = highest > 255 ? new Uint16Array(count) : new Uint8Array(count);
  if (type <= 3) for (let at = 0; at < count; at++) samples[at] = requireSample(words.next(isBits), highest, where);
  else readBinary(bytes.subarray(words.at() + 1), samples, { width, isBits, where });
  if (isBits) for (let at = 0; at < count; at++) samples[at] = 255 * (1 - samples[at]);
  else if (highest < 255)
    for (let at = 0; at < count; at++) samples[at] = Math.round((Math.min(samples[at], highest) * 255) / highest);
  return { height, width, channels, samples, bits: highest > 255 ? Math.ceil(Math.log2(highest + 1)) : 8 };
}

function requireSample(value: number, highest: number, where: string): number {
  if (value <= highest) return value;
  throw damaged(where, "PNM");
}

function readBinary(
  bytes: Uint8Array,
  samples: Samples,
  { width, isBits, where }: { readonly width: number; readonly isBits: boolean; readonly where: string },
): void {
  const rowBytes = Math.ceil(width / 8);
  const needed = isBits ? rowBytes * (samples.length / width) : samples.byteLength;
  if (bytes.length < needed) throw damaged(where, "PNM");
  for (let at = 0; at < samples.length; at++) {
    if (isBits) {
      const [row, column] = [Math.floor(at / width), at % width];
      samples[at] = (bytes[row * rowBytes + (column >> 3)] >> (7 - (column & 7))) & 1;
    } else samples[at] = samples instanceof Uint16Array ? (bytes[2 * at] << 8) | bytes[2 * at + 1] : bytes[at];
  }
}
