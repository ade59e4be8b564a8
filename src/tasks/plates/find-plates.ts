import type { TrainedNetwork } from "../../networks/open.ts";
import { type LocateOptions, locatePlates } from "./locate.ts";
import type { Corners } from "./geometry.ts";
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
  /** 144 × 48, as the reader saw it. */
  readonly straightened: Pixels;
}

/** How plates are looked for and read. */
export interface FindPlatesOptions extends LocateOptions, ReadPlateOptions {}

/**
 * Finds the plates of a picture by their corners, straightens them and reads them.
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
  return straight.map((plate, index) => ({ ...plate, ...readings[index] }));
}
