import type { Raster } from "../../data/image/raster.ts";
import { type IntensityLine, writeScaled } from "./data/raster.ts";

/** A picture, `[height, width, 3]`. */
export interface Picture {
  readonly height: number;
  readonly width: number;
  readonly pixels: Uint8Array;
}

/** Light enough on dark tissue, and dark enough on light. */
const [ON_DARK, ON_LIGHT] = [0.6, 0.34] as const;
const LIGHT_TISSUE = 150;

/** Colours that neighbours in a list do not share; the golden angle spreads their hues. */
function labelColour(label: number, lightness: number): readonly [number, number, number] {
  const hue = (label * 137.508) % 360;
  const channel = (offset: number): number => {
    const place = (offset + hue / 30) % 12;
    const reach = Math.min(lightness, 1 - lightness);
    return Math.round(255 * (lightness - reach * Math.max(-1, Math.min(place - 3, 9 - place, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}

/** An image as it is looked at: its percentiles as black and white, not inverted. */
export function drawImage(raster: Raster, line: IntensityLine): Picture {
  const { height, width, channels } = raster;
  const shown = channels === 3 ? 3 : 1;
  const source = channels === shown ? raster : firstPlane(raster);
  const pixels = new Uint8Array(3 * height * width);
  // Row by row: as numbers, an image takes four times its memory.
  const values = new Float32Array(shown * width);
  for (let top = 0, at = 0; top < height; top++) {
    const part = { top, left: 0, height: 1, width };
    writeScaled(source, { ...line, inverted: false }, part, { channels: shown, out: values });
    for (let column = 0; column < width; column++) {
      for (let channel = 0; channel < 3; channel++, at++) {
        const value = values[(shown === 3 ? channel * width : 0) + column];
        pixels[at] = Math.max(0, Math.min(255, Math.round(255 * value)));
      }
    }
  }
  return { height, width, pixels };
}

function firstPlane({ height, width, channels, samples }: Raster): Raster {
  return {
    height,
    width,
    channels: 1,
    samples: Float32Array.from({ length: height * width }, (_, at) => samples[at * channels]),
  };
}

/** Draws outlines as {@link paintOutlines} does, over a copy of the picture. */
export function drawOverlay(picture: Picture, labels: ArrayLike<number>): Picture {
  const copy = { ...picture, pixels: picture.pixels.slice() };
  paintOutlines(copy, labels);
  return copy;
}

/**
 * Paints outlines of cells, or borders of classes, over a picture's own pixels: points that have a neighbour of another label
 * beside, above or below them.
 */
export function paintOutlines({ height, width, pixels }: Picture, labels: ArrayLike<number>): void {
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      const label = labels[at];
      if (label === 0) continue;
      const isEdge =
        (column > 0 && labels[at - 1] !== label) ||
        (column < width - 1 && labels[at + 1] !== label) ||
        (row > 0 && labels[at - width] !== label) ||
        (row < height - 1 && labels[at + width] !== label);
      if (!isEdge) continue;
      const below = (pixels[3 * at] + pixels[3 * at + 1] + pixels[3 * at + 2]) / 3;
      pixels.set(labelColour(label, below > LIGHT_TISSUE ? ON_LIGHT : ON_DARK), 3 * at);
    }
  }
}
