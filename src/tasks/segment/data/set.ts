import { sharedBytes } from "../../../data/image-set.ts";
import { FormatError } from "../../../tensor/errors.ts";
import type { Raster } from "../../../data/image/raster.ts";
import { type IntensityScaling, isColoured, measureIntensity, scaledRange, writeScaled } from "./raster.ts";

/** What a mask's values mean: the number of a cell, or the class of a point. */
export type MaskMeaning = "instances" | "classes";

/** Points of this value belong to no class, and nothing is learnt from them. */
export const IGNORED = 65_535;

/** Where an image and its mask lie in a set. */
export interface SegmentationItem {
  readonly name: string;
  readonly height: number;
  readonly width: number;
  /** 1 where the image is grey, though the network may take colours. */
  readonly channels: number;
  readonly pixelStart: number;
  readonly maskStart: number;
  /** Images of one kind look alike: dark or bright background, grey or coloured. */
  readonly kind: string;
  /** Cells in it. */
  readonly cells: number;
}

/** Images of any sizes with their masks, in memory that threads share. */
export interface SegmentationSet {
  readonly meaning: MaskMeaning;
  /** Channels that a network on it takes. */
  readonly channels: number;
  /** Scaled intensities, 0 to 255 for {@link scaledRange}, `[channels, height, width]` an image. */
  readonly pixels: Uint8Array;
  /** 0 is background, or the class 0. */
  readonly masks: Uint16Array;
  readonly items: readonly SegmentationItem[];
  /** Values of the masks that the classes 0, 1, 2 … had in their files. */
  readonly values: readonly number[];
}

/** Levels of stored intensities from 0 to 1. */
const levels = 255 / (scaledRange.high - scaledRange.low);

/** A stored intensity as a network sees it, before its own normalisation. */
export function storedIntensity(level: number): number {
  return level / levels + scaledRange.low;
}

/** An image with its mask, as it was read. */
export interface MaskedRaster {
  readonly name: string;
  readonly image: Raster;
  /** `[height, width]` */
  readonly mask: Uint16Array;
}

/** Sizes that a set needs memory for. */
export interface SetSize {
  readonly pixels: number;
  readonly points: number;
}

/** Fills a set image by image, so that at no time all of them are in memory twice. */
export interface SetBuilder {
  add(masked: MaskedRaster): void;
  finish(): SegmentationSet;
}

/** Begins a set in memory of known size. @param size an upper bound */
export function createSetBuilder(
  size: SetSize,
  about: Pick<SegmentationSet, "meaning" | "channels" | "values"> & { readonly scaling: IntensityScaling },
): SetBuilder {
  const { meaning, channels, scaling, values: classValues } = about;
  const pixels = sharedBytes(size.pixels);
  const bytes = sharedBytes(2 * size.points);
  const masks = new Uint16Array(bytes.buffer);
  const items: SegmentationItem[] = [];
  let [pixelStart, maskStart] = [0, 0];
  return {
    add: ({ name, image, mask }) => {
      const { height, width } = image;
      const coloured = isColoured(image);
      const own = image.channels === 3 && !coloured ? firstChannel(image) : image;
      const stored = own.channels === 1 || channels === 1 ? 1 : channels;
      const line = measureIntensity(own, scaling);
      const values = new Float32Array(stored * height * width);
      const whole = { top: 0, left: 0, height, width };
      writeScaled(own, line, whole, { channels: stored, out: values });
      const target = pixels.subarray(pixelStart, pixelStart + values.length);
      for (let at = 0; at < values.length; at++) target[at] = (values[at] - scaledRange.low) * levels + 0.5;
      masks.set(mask, maskStart);
      const cells = meaning === "instances" ? countCells(mask) : 0;
      const kind = `${line.inverted ? "bright" : "dark"} ${coloured ? "colour" : "grey"}`;
      items.push({ name, height, width, channels: stored, pixelStart, maskStart, kind, cells });
      pixelStart += values.length;
      maskStart += mask.length;
    },
    finish: () => ({ meaning, channels, pixels, masks, items, values: classValues }),
  };
}

function firstChannel({ height, width, channels, samples }: Raster): Raster {
  const grey = samples.slice(0, height * width);
  for (let at = 0; at < grey.length; at++) grey[at] = samples[at * channels];
  return { height, width, channels: 1, samples: grey };
}

/** Numbers of cells that occur in a mask. */
export function countCells(mask: Uint16Array): number {
  const seen = new Uint8Array(65_536);
  let count = 0;
  for (const id of mask) {
    if (id !== 0 && id !== IGNORED && seen[id] === 0) {
      seen[id] = 1;
      count++;
    }
  }
  return count;
}

/** The mask of one image, not copied. */
export function maskOf({ masks }: SegmentationSet, { maskStart, height, width }: SegmentationItem): Uint16Array {
  return masks.subarray(maskStart, maskStart + height * width);
}

/**
 * Gives ids of any size the numbers 1, 2, 3 … in the order in which they are met; 0 stays.
 * @throws {FormatError} if there are more than 65,534
 */
export function renumber(ids: ArrayLike<number>, where: string): Uint16Array {
  const known = new Map<number, number>([[0, 0]]);
  const mask = new Uint16Array(ids.length);
  let [last, lastNumber] = [0, 0];
  for (let at = 0; at < ids.length; at++) {
    const id = ids[at];
    if (id !== last) {
      last = id;
      const found = known.get(id);
      lastNumber = found ?? known.size;
      if (found === undefined) {
        if (lastNumber >= IGNORED)
          throw new FormatError(where, "marks more than 65,534 cells; cut the image into parts");
        known.set(id, lastNumber);
      }
    }
    mask[at] = lastNumber;
  }
  return mask;
}

/** How values of masks are read as classes. */
export interface ClassValues {
  /** Values in the order of the classes. */
  readonly values: readonly number[];
  readonly ignored?: number;
}

/** Values of a mask as classes 0, 1, 2 …; {@link IGNORED} where the value is ignored. @throws {FormatError} for any other value */
export function classesOf(mask: Uint16Array, { values, ignored }: ClassValues, where: string): Uint16Array {
  const table = new Int32Array(65_536).fill(-1);
  values.forEach((value, label) => (table[value] = label));
  if (ignored !== undefined) table[ignored] = IGNORED;
  return mask.map((value) => {
    if (table[value] < 0)
      throw new FormatError(where, `has the value ${value} in its mask, must be one of ${values.join(", ")}`);
    return table[value];
  });
}
