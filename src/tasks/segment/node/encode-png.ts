import sharp from "sharp";
import type { DrawnImage } from "../data/drawn-cells.ts";

/** An image of 8 or 16 bits, grey or coloured, as PNG: samples stay what they are. */
export function encodePng({ height, width, channels, samples }: DrawnImage): Promise<Uint8Array> {
  const image = sharp(samples, {
    raw: { width, height, channels: channels === 1 ? 1 : 3 },
    limitInputPixels: false,
  });
  if (samples instanceof Uint8Array)
    return image
      .toColourspace(channels === 1 ? "b-w" : "srgb")
      .png()
      .toBuffer();
  // Without this, 16 bits would be brought to 8.
  return image
    .toColourspace(channels === 1 ? "grey16" : "rgb16")
    .png()
    .toBuffer();
}
