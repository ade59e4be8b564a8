import type { TrainedNetwork } from "../../networks/open.ts";
import { type LocateOptions, locatePlates } from "./locate.ts";
import type { Corners } from "./geometry.ts";
import { OptionError } from "../../tensor/errors.ts";
import { type Reading, type ReadPlateOptions, readStraightened } from "./read.ts";
import { type Pixels, straighten } from "./straighten.ts";

/** The two networks that find and read plates. */
export interface PlateNetworks {
  readonly locator: TrainedNetwork;
  readonly reader: TrainedNetwork;
}

/** A plate of a picture. */
export interface Plate extends Reading {
  /** Clockwise from the top left, in pixels of the picture. */
  readonly corners: Corners;
  /** How sure the locator is that it is a plate, 0 to 1. */
  readonly score: number;
  readonly rows: 1 | 2;
  /** Mean probability of its characters, 0 to 1: low where there is no plate, or none that can be read. */
  readonly legibility: number;
  /** 144 × 48, as the reader saw it. */
  readonly straightened: Pixels;
}

/** How plates are looked for and read. */
export interface FindPlatesOptions extends LocateOptions, ReadPlateOptions {
  /** Least mean probability of a plate's characters, from 0, which keeps whatever is located, to 1. Default 0.4. */
  readonly legibility?: number;
}

/**
 * What the locator takes for a plate, such as a grille or a sign, is none if the reader cannot read it: on plates, the mean
 * probability of the characters tells them apart better than the locator's own score, and than the weakest character, which is low
 * where one character alone is dirty.
 */
export const findDefaults = { legibility: 0.4 } as const;

/**
 * Finds the plates of a picture by their corners, straightens them and reads them; what cannot be read is left out.
 *
 * @param pixels of 8 bits, red, green and blue
 * @returns the most certain first; corners in pixels of the picture
 * @throws {OptionError} naming an option out of its range
 */
export async function findPlates(
  pixels: Pixels,
  { locator, reader }: PlateNetworks,
  options: FindPlatesOptions = {},
): Promise<readonly Plate[]> {
  const { legibility: least = findDefaults.legibility } = options;
  if (!(least >= 0 && least <= 1)) throw new OptionError("legibility", `must be from 0 to 1, got ${least}`);
  const located = await locatePlates(locator, pixels, options);
  const straight = located.flatMap((plate) => {
    const straightened = straighten(pixels, plate.corners);
    return straightened === null ? [] : [{ ...plate, straightened }];
  });
  const readings = await readStraightened(
    reader,
    straight.map(({ straightened }) => straightened),
    options,
  );
  return straight
    .map((plate, index): Plate => ({ ...plate, ...readings[index], legibility: legibilityOf(readings[index]) }))
    .filter(({ legibility }) => legibility >= least);
}

function legibilityOf({ characters }: Reading): number {
  const sum = characters.reduce((total, { confidence }) => total + confidence, 0);
  return characters.length === 0 ? 0 : sum / characters.length;
}
