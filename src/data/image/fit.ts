import { OptionError } from "../../tensor/errors.ts";
import type { ImageFormat } from "../image-set.ts";
import { chooseChannels } from "./choose.ts";
import { type DecodedImage, type OnNote, type Raster, type Samples } from "./raster.ts";
import type { OpenedImage } from "./read.ts";
import { resize } from "./resize.ts";

/** Rec. 601 luma, the usual conversion to grey. */
const LUMA = [0.299, 0.587, 0.114] as const;

/** The linear map from samples to 0 … 255: `(sample − lowest) · 255 / (highest − lowest)`. */
interface Range {
  readonly lowest: number;
  readonly highest: number;
  readonly measured: boolean;
}

/**
 * The values that map to 0 and 255. Whole numbers from 0 of up to 16 bits use the whole range of their bits, floats
 * between 0 and 1 that range; anything else is measured, from the image's lowest value to its highest.
 */
function rangeOf({ samples, bits, channels, alpha }: DecodedImage): Range {
  if (samples instanceof Uint8Array || samples instanceof Uint16Array)
    return { lowest: 0, highest: 2 ** bits - 1, measured: false };
  let [lowest, highest] = [Infinity, -Infinity];
  for (let at = 0; at < samples.length; at++) {
    const value = samples[at];
    if (!Number.isFinite(value) || at % channels === alpha?.channel) continue;
    if (value < lowest) lowest = value;
    if (value > highest) highest = value;
  }
  if (lowest > highest) return { lowest: 0, highest: 1, measured: false };
  const isFloat = samples instanceof Float32Array || samples instanceof Float64Array;
  return isFloat && lowest >= 0 && highest <= 1
    ? { lowest: 0, highest: 1, measured: false }
    : { lowest, highest, measured: true };
}

/** Opacity from 0 to 255. */
function opacityRange({ samples, bits }: DecodedImage): Range {
  const isFloat = samples instanceof Float32Array || samples instanceof Float64Array;
  return { lowest: 0, highest: isFloat ? 1 : 2 ** bits - 1, measured: false };
}

/** NaN becomes 0. */
function scale(value: number, { lowest, highest }: Range): number {
  const share = highest > lowest ? (value - lowest) / (highest - lowest) : 0;
  return share > 0 ? Math.round(255 * Math.min(1, share)) : 0;
}

const typeNames = (samples: Samples, bits: number): string =>
  samples instanceof Float32Array || samples instanceof Float64Array
    ? "floats"
    : `${samples instanceof Uint32Array ? "" : "signed "}whole numbers of ${bits} bits`;

/** Converts samples to 8 bits, opacity included. */
function toBytes(image: DecodedImage, where: string, onNote?: OnNote): DecodedImage {
  const { samples, channels, alpha, bits } = image;
  if (samples instanceof Uint8Array) return image;
  const range = rangeOf(image);
  const opacity = opacityRange(image);
  if (range.measured)
    onNote?.(
      `${where}: its ${typeNames(samples, bits)} were mapped to 0 … 255 from its lowest, ${Number(range.lowest.toPrecision(6))}, ` +
        `to its highest, ${Number(range.highest.toPrecision(6))}`,
    );
  const out = Uint8Array.from(samples, (value, at) => scale(value, at % channels === alpha?.channel ? opacity : range));
  return { ...image, samples: out, bits: 8 };
}

/** Composites transparency on black. */
function flatten(image: DecodedImage): DecodedImage {
  const { samples, channels, alpha } = image;
  if (alpha === undefined || alpha.premultiplied) return image;
  const out = samples.slice();
  for (let pixel = 0; pixel < out.length; pixel += channels) {
    const opacity = samples[pixel + alpha.channel];
    if (opacity === 255) continue;
    for (let channel = 0; channel < channels; channel++)
      if (channel !== alpha.channel) out[pixel + channel] = Math.round((samples[pixel + channel] * opacity) / 255);
  }
  return { ...image, samples: out };
}

/** Converts colours to grey. */
function toGrey({ height, width, samples }: Raster): Raster {
  const out = new Uint8Array(height * width);
  for (let at = 0, from = 0; at < out.length; at++, from += 3)
    out[at] = Math.round(LUMA[0] * samples[from] + LUMA[1] * samples[from + 1] + LUMA[2] * samples[from + 2]);
  return { height, width, channels: 1, samples: out };
}

/**
 * Fits an image to a classifier's input: 8 bits, transparency on black, grey or colour as required, scaled to the size
 * regardless of proportions.
 *
 * @returns `[channels, height, width]`, 0 to 255
 * @throws {OptionError} if its channels cannot be converted to those required
 */
export function fitImage(
  { image, choice }: OpenedImage,
  wanted: ImageFormat,
  { where, onNote }: { readonly where: string; readonly onNote?: OnNote | undefined },
): Uint8Array {
  const chosen = chooseChannels(flatten(toBytes(image, where, onNote)), choice, where);
  const from = chosen.channels;
  if (from !== wanted.channels && from !== 1 && !(from === 3 && wanted.channels === 1))
    throw new OptionError(
      "channels",
      `are ${from} in ${where}, the network takes ${wanted.channels}; \`channel\` chooses one`,
    );
  const source = from === 3 && wanted.channels === 1 ? toGrey(chosen) : chosen;
  const planes = resize(source.samples as Uint8Array, source, wanted);
  if (source.channels === wanted.channels) return planes;
  const repeated = new Uint8Array(wanted.channels * planes.length);
  for (let channel = 0; channel < wanted.channels; channel++) repeated.set(planes, channel * planes.length);
  return repeated;
}
