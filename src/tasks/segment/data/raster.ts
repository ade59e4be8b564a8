import type { Raster } from "../../../data/image/raster.ts";
import { OptionError } from "../../../tensor/errors.ts";

/** How intensities become what a network sees. */
export interface IntensityScaling {
  /** Percentiles of all samples that become 0 and 1. */
  readonly low: number;
  readonly high: number;
  /** Whether images of bright background are inverted, so that cells are brighter than what is around them. */
  readonly invertBright: boolean;
}

/** From the first to the 99.8th percentile, as StarDist does; bright-field images are inverted. */
export const standardScaling: IntensityScaling = { low: 1, high: 99.8, invertBright: true };

/** The line from samples to scaled intensities of one image: `(sample − offset) · factor`. */
export interface IntensityLine {
  readonly offset: number;
  readonly factor: number;
  readonly inverted: boolean;
}

/** As many samples tell a percentile well enough. */
const MEASURED_SAMPLES = 4_000_000;
/** Scaled intensities are cut to this range: a speck of dust must not drown what is around it. */
export const scaledRange = { low: -0.5, high: 1.5 } as const;

/**
 * Measures an image's percentiles, and whether its background is bright: its median then lies nearer to the high one.
 * Of very many samples every k-th is looked at.
 */
export function measureIntensity(raster: Raster, { low, high, invertBright }: IntensityScaling): IntensityLine {
  const [bottom, middle, top] = percentilesOf(raster, [low, 50, high]);
  // An image of one value, or of none, has nothing to see.
  const factor = top > bottom ? 1 / (top - bottom) : 0;
  const offset = Number.isFinite(bottom) ? bottom : 0;
  return { offset, factor, inverted: invertBright && factor > 0 && (middle - bottom) * factor > 0.5 };
}

/** Nearest ranks; NaN where no sample is a number. */
function percentilesOf({ samples, channels }: Raster, wanted: readonly number[]): readonly number[] {
  const stride = Math.max(1, Math.floor(samples.length / MEASURED_SAMPLES));
  // A stride that divides the channels would look at one of them alone.
  const step = stride > 1 && stride % channels === 0 ? stride + 1 : stride;
  if (!(samples instanceof Uint8Array || samples instanceof Uint16Array)) {
    const looked = Float64Array.from({ length: Math.ceil(samples.length / step) }, (_, at) => samples[at * step]);
    const finite = looked.filter(Number.isFinite).toSorted();
    return wanted.map((percentile) => finite[Math.round((percentile / 100) * (finite.length - 1))] ?? Number.NaN);
  }
  const counts = new Uint32Array(samples instanceof Uint8Array ? 256 : 65_536);
  let total = 0;
  for (let at = 0; at < samples.length; at += step, total++) counts[samples[at]]++;
  return wanted.map((percentile) => {
    let left = Math.round((percentile / 100) * (total - 1));
    return counts.findIndex((count) => (left -= count) < 0);
  });
}

/** Whether an image has colour: its channels differ somewhere by more than rounding. */
export function isColoured({ samples, channels }: Raster): boolean {
  if (channels < 3) return false;
  for (let at = 0; at < samples.length; at += channels) {
    if (Math.abs(samples[at] - samples[at + 1]) > 2 || Math.abs(samples[at] - samples[at + 2]) > 2) return true;
  }
  return false;
}

/** Rec. 601, as grey pictures have always been made of colours. */
const LUMA = [0.299, 0.587, 0.114] as const;

/**
 * Writes a part of an image as a network sees it: scaled, cut to {@link scaledRange}, inverted where it should be. Grey is
 * repeated where colours are wanted, and colours become their luma where grey is.
 *
 * @param part rows and columns, which must lie within the image
 * @param out `[channels, part.height, part.width]` from `offset` on
 * @throws {OptionError} if the network takes another number of channels
 */
export function writeScaled(
  raster: Raster,
  line: IntensityLine,
  part: { readonly top: number; readonly left: number; readonly height: number; readonly width: number },
  { channels, out, offset = 0 }: { readonly channels: number; readonly out: Float32Array; readonly offset?: number },
): void {
  requireChannels(raster.channels, channels);
  const { samples, width, channels: from } = raster;
  const plane = part.height * part.width;
  const isLuma = channels === 1 && from === 3;
  for (let channel = 0; channel < channels; channel++) {
    const source = Math.min(channel, from - 1);
    let target = offset + channel * plane;
    for (let row = part.top; row < part.top + part.height; row++) {
      let at = (row * width + part.left) * from;
      for (let column = 0; column < part.width; column++, at += from) {
        const sample = isLuma
          ? LUMA[0] * samples[at] + LUMA[1] * samples[at + 1] + LUMA[2] * samples[at + 2]
          : samples[at + source];
        const value = (sample - line.offset) * line.factor;
        const turned = line.inverted ? 1 - value : value;
        // What is no number is as dark as the background.
        out[target++] =
          turned >= scaledRange.low ? Math.min(turned, scaledRange.high) : turned < 0 ? scaledRange.low : 0;
      }
    }
  }
}

/** @throws {OptionError} unless images of so many channels can be brought to those that are wanted */
export function requireChannels(from: number, wanted: number): void {
  const fits = from === wanted || (from === 1 && wanted === 3) || (from === 3 && wanted === 1);
  if (!fits)
    throw new OptionError(
      "channels",
      `are ${from} in the image, the network takes ${wanted}; \`channel\` chooses one, or save it with as many`,
    );
}
