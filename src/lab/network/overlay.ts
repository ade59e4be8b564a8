import { type Color, rampColor } from "../../report/colors.ts";
import type { ActivationMap } from "./grad-cam.ts";

/** An image as the network took it. */
export interface TakenImage {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** `[channels, height, width]`, 0 to 255. */
  readonly pixels: Float32Array;
}

/** Pixels a picture should have at least, so that a map over it is smooth. */
const SMALLEST = 112;

/** Blue through green to red, as Grad-CAM is always shown; viridis would hide in green images. */
function heatColor(share: number): Color {
  const channel = (middle: number): number =>
    Math.round(255 * Math.max(0, Math.min(1, 1.5 - Math.abs(4 * share - middle))));
  return [channel(3), channel(2), channel(1)];
}

/** The map's value at a place of the picture, between its own places. */
function sampleMap({ height, width, values }: ActivationMap, across: number, down: number): number {
  const clamp = (place: number, size: number): number => Math.max(0, Math.min(size - 1, place));
  const [x, y] = [clamp(across * width - 0.5, width), clamp(down * height - 0.5, height)];
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [right, bottom] = [Math.min(width - 1, left + 1), Math.min(height - 1, top + 1)];
  const row = (line: number): number =>
    values[line * width + left] * (1 - (x - left)) + values[line * width + right] * (x - left);
  return row(top) * (1 - (y - top)) + row(bottom) * (y - top);
}

/** Points in colour. */
export interface Drawn {
  readonly height: number;
  readonly width: number;
  /** `[height, width, 4]` */
  readonly samples: Uint8Array<ArrayBuffer>;
}

/** The image as points; with a map laid over it, where there is one. */
export function overlayMap(image: TakenImage, map?: ActivationMap): Drawn {
  const { channels, height, width, pixels } = image;
  const scale = map === undefined ? 1 : Math.max(1, Math.ceil(SMALLEST / width));
  const [outWidth, outHeight] = [width * scale, height * scale];
  const out = new Uint8Array(4 * outWidth * outHeight);
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      const place = Math.floor(y / scale) * width + Math.floor(x / scale);
      const share = map === undefined ? 0 : sampleMap(map, (x + 0.5) / outWidth, (y + 0.5) / outHeight);
      const heat = map === undefined ? rampColor(0) : heatColor(share);
      const cover = map === undefined ? 0 : 0.15 + 0.4 * share;
      for (let channel = 0; channel < 3; channel++) {
        const value = pixels[Math.min(channel, channels - 1) * height * width + place];
        out[4 * (y * outWidth + x) + channel] = Math.max(0, Math.min(255, value * (1 - cover) + heat[channel] * cover));
      }
      out[4 * (y * outWidth + x) + 3] = 255;
    }
  }
  return { height: outHeight, width: outWidth, samples: out };
}
