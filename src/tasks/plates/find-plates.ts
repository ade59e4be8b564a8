import type { TrainedNetwork } from "../../networks/open.ts";
import { type LocatedPlate, type LocateOptions, locatePlates, suppress } from "./locate.ts";
import { locateCloser } from "./close-ups.ts";
import type { Corners } from "./geometry.ts";
import { OptionError } from "../../tensor/errors.ts";
import type { ReadPlateOptions } from "./read.ts";
import { isUnsure, moreLegible, type PlateReading, readPlates } from "./read-views.ts";
import type { Pixels } from "./straighten.ts";

/** The two networks that find and read plates. */
export interface PlateNetworks {
  readonly locator: TrainedNetwork;
  readonly reader: TrainedNetwork;
}

/** A plate of a picture. */
export interface Plate extends PlateReading {
  /** Clockwise from the top left, in pixels of the picture. */
  readonly corners: Corners;
  /** How sure the locator is that it is a plate, 0 to 1. */
  readonly score: number;
  readonly rows: 1 | 2;
}

/** How plates are looked for and read. */
export interface FindPlatesOptions extends LocateOptions, ReadPlateOptions {
  /**
   * Least mean probability of a plate's characters, from 0, which keeps whatever is located, to 1. Default: what the reader's card
   * says, or {@link findDefaults}.
   */
  readonly legibility?: number;
  /** Whether plates that are not read surely are looked at again, in close-ups: one run of the locator each. Default true. */
  readonly closeUps?: boolean;
}

/**
 * What the locator takes for a plate, such as a grille or a sign, is none if the reader cannot read it: on plates, the mean
 * probability of the characters tells them apart better than the locator's own score, and than the weakest character, which is low
 * where one character alone is dirty.
 */
export const findDefaults = { legibility: 0.55, closeUps: true } as const;

/**
 * The least legibility that counts: what was asked for, or what was chosen for the reader's weights.
 *
 * @throws {OptionError} if it is out of its range
 */
export function leastLegibility({ card }: TrainedNetwork, asked: number | undefined): number {
  const own = card.task?.["legibility"];
  const least = asked ?? (typeof own === "number" ? own : findDefaults.legibility);
  if (!(least >= 0 && least <= 1)) throw new OptionError("legibility", `must be from 0 to 1, got ${least}`);
  return least;
}

/** More plates of a picture are not looked at again. */
const MOST_CLOSE_UPS = 16;

/**
 * Finds the plates of a picture by their corners, straightens them and reads them; what cannot be read is left out. A plate that
 * is not read surely is located again in close-ups: corners that are off by a little cost its first or last character. Of all
 * that was straightened, the most legible counts.
 *
 * @param pixels of 8 bits, red, green and blue
 * @returns the most certain first; corners in pixels of the picture
 * @throws {OptionError} naming an option out of its range
 */
export async function findPlates(
  pixels: Pixels,
  networks: PlateNetworks,
  options: FindPlatesOptions = {},
): Promise<readonly Plate[]> {
  const { closeUps = findDefaults.closeUps } = options;
  const least = leastLegibility(networks.reader, options.legibility);
  const located = await locatePlates(networks.locator, pixels, options);
  const plates = await readLocated(networks.reader, pixels, located, options);
  const unsure = closeUps ? plates.filter(isUnsure).slice(0, MOST_CLOSE_UPS) : [];
  const closer = new Map<Plate, Plate>();
  for (const plate of unsure) closer.set(plate, await lookCloser(pixels, networks, { plate, options }));
  const best = plates.map((plate) => closer.get(plate) ?? plate);
  // Close-ups of two places may show one plate.
  return suppress(best).filter(({ legibility }) => legibility >= least);
}

async function readLocated(
  reader: TrainedNetwork,
  pixels: Pixels,
  located: readonly LocatedPlate[],
  options: FindPlatesOptions,
): Promise<readonly Plate[]> {
  const corners = located.map((plate) => plate.corners);
  const readings = await readPlates(reader, pixels, corners, options);
  return located.flatMap((plate, index) => {
    const reading = readings[index];
    return reading === null ? [] : [{ ...plate, ...reading }];
  });
}

/** The most legible of a plate and what its close-ups show of it. */
async function lookCloser(
  pixels: Pixels,
  { locator, reader }: PlateNetworks,
  { plate, options }: { readonly plate: Plate; readonly options: FindPlatesOptions },
): Promise<Plate> {
  const { score, rows } = plate;
  const again = await locateCloser(locator, pixels, plate.corners);
  const located = again.map((corners): LocatedPlate => ({ corners, score, rows }));
  return (await readLocated(reader, pixels, located, options)).reduce(moreLegible, plate);
}
