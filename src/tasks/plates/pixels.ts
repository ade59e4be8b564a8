import type { Raster } from "../../data/image/raster.ts";
import type { Pixels } from "./straighten.ts";

/** Channels that are colours: a fourth, and a second of two, is opacity. */
const coloursOf = (channels: number): readonly [number, number, number] => (channels >= 3 ? [0, 1, 2] : [0, 0, 0]);

/** The range of an image's values: that of its bytes, of its 16 bits, or what it holds. */
function rangeOf({ samples }: Raster, bits: number | undefined): readonly [number, number] {
  if (samples instanceof Uint8Array) return [0, 2 ** (bits ?? 8) - 1];
  if (samples instanceof Uint16Array) return [0, 2 ** (bits ?? 16) - 1];
  let [low, high] = [Infinity, -Infinity];
  for (const value of samples) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return high > low ? [low, high] : [0, 1];
}

/** An image as plates are looked for in it: bytes of red, green and blue; grey images have all three equal. */
export function toPixels(image: Raster & { readonly bits?: number }): Pixels {
  const { width, height, channels, samples, bits } = image;
  const [low, high] = rangeOf(image, bits);
  const factor = 255 / (high - low);
  const data = new Uint8Array(3 * width * height);
  const colours = coloursOf(channels);
  for (let from = 0, at = 0; at < data.length; from += channels, at += 3)
    for (let c = 0; c < 3; c++) {
      const value = (samples[from + colours[c]] - low) * factor;
      data[at + c] = value > 0 ? Math.min(255, Math.round(value)) : 0;
    }
  return { width, height, data };
}
