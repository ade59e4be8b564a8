import type { Normalization } from "../../data/image-set.ts";
import type { Pixels } from "./straighten.ts";

/** Pixels are centred roughly: plates are as often dark as bright. */
export const plateNormalization: Normalization = { mean: [0.5, 0.5, 0.5], deviation: [0.25, 0.25, 0.25] };

/** Writes an image as the network takes it, plane by plane. */
export function writePlanes(
  { width, height, data }: Pixels,
  { mean, deviation }: Normalization,
  planes: Float32Array,
  start: number,
): void {
  const points = width * height;
  for (let channel = 0; channel < 3; channel++) {
    const factor = 1 / (255 * deviation[channel]);
    const offset = mean[channel] / deviation[channel];
    const to = start + channel * points;
    for (let at = 0; at < points; at++) planes[to + at] = data[3 * at + channel] * factor - offset;
  }
}
