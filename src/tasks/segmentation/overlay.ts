import { type IntensityLine, type Raster, writeScaled } from "../../data/segmentation/raster.ts";

/** A picture, `[height, width, 3]`. */
export interface Picture {
  readonly height: number;
  readonly width: number;
  readonly pixels: Uint8Array;
}

/** Colours that neighbours in a list do not share; the golden angle spreads their hues. */
export function labelColour(label: number): readonly [number, number, number] {
  const hue = (label * 137.508) % 360;
  const channel = (offset: number): number => {
    const place = (offset + hue / 30) % 12;
    return Math.round(255 * (0.6 - 0.4 * Math.max(-1, Math.min(place - 3, 9 - place, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}

/** An image as it is looked at: its percentiles as black and white, not inverted. */
export function drawImage(raster: Raster, line: IntensityLine): Picture {
  const { height, width, channels } = raster;
  const shown = channels === 3 ? 3 : 1;
  const values = new Float32Array(shown * height * width);
  const whole = { top: 0, left: 0, height, width };
  const source = channels === shown ? raster : firstPlane(raster);
  writeScaled(source, { ...line, inverted: false }, whole, { channels: shown, out: values });
  const pixels = new Uint8Array(3 * height * width);
  for (let at = 0; at < pixels.length; at++) {
    const value = values[(shown === 3 ? (at % 3) * height * width : 0) + Math.floor(at / 3)];
    pixels[at] = Math.max(0, Math.min(255, Math.round(255 * value)));
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

/**
 * Draws outlines of cells, or borders of classes, over a picture: points that have a neighbour of another label to the right,
 * below or on the other side.
 */
export function drawOverlay(
  { height, width, pixels }: Picture,
  labels: ArrayLike<number>,
  colourOf: typeof labelColour = labelColour,
): Picture {
  const out = Uint8Array.from(pixels);
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      const label = labels[at];
      if (label === 0) continue;
      const isEdge =
        (column > 0 && labels[at - 1] !== label) ||
        (column < width - 1 && labels[at + 1] !== label) ||
        (row > 0 && labels[at - width] !== label) ||
        (row < height - 1 && labels[at + width] !== label);
      if (isEdge) out.set(colourOf(label), 3 * at);
    }
  }
  return { height, width, pixels: out };
}
