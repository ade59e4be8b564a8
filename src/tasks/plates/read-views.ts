import type { TrainedNetwork } from "../../networks/open.ts";
import { type Corners, rectangle, scaleCorners, skewCorners } from "./geometry.ts";
import { type Reading, type ReadPlateOptions, readStraightened } from "./read.ts";
import { type Pixels, straighten } from "./straighten.ts";

/** What a plate of a picture says. */
export interface PlateReading extends Reading {
  /** Mean probability of its characters, 0 to 1: low where there is no plate, or none that can be read. */
  readonly legibility: number;
  /** 144 × 48, as the reader saw it. */
  readonly straightened: Pixels;
}

/** Read with less than this, a plate is looked at again. */
const SURE = 0.95;

type View = (corners: Corners) => Corners;

/** A little larger and smaller: where a plate ends is seen differently by whoever labels its corners and by a locator. */
const SCALED: readonly View[] = [
  (corners) => scaleCorners(corners, 1.08, 1.08),
  (corners) => scaleCorners(corners, 1, 1.15),
  (corners) => scaleCorners(corners, 1, 0.9),
];

/** Slanted and tilted either way: a crop has the corners of its image, and those of its plate are not known. */
const SKEWED: readonly View[] = [0.15, -0.15].flatMap((slant) =>
  [0.1, -0.1].map(
    (tilt): View =>
      (corners) =>
        skewCorners(corners, slant, tilt),
  ),
);

/** How else a plate is straightened where it is not read surely. */
function listViews(corners: Corners, { width, height }: Pixels): readonly View[] {
  const isCrop = rectangle(width, height).every(([x, y], index) => x === corners[index][0] && y === corners[index][1]);
  return isCrop ? [...SCALED, ...SKEWED] : SCALED;
}

/** Read with less than this, it is no plate, and not looked at again. */
const HOPEFUL = 0.3;

/** Whether a plate should be looked at again. */
export const isUnsure = ({ confidence, legibility }: PlateReading): boolean =>
  confidence < SURE && legibility >= HOPEFUL;

/** The more legible of two readings. */
export const moreLegible = <R extends PlateReading>(one: R, other: R): R =>
  other.legibility > one.legibility ? other : one;

async function readAll(
  reader: TrainedNetwork,
  straight: readonly Pixels[],
  options: ReadPlateOptions,
): Promise<readonly PlateReading[]> {
  const readings = await readStraightened(reader, straight, options);
  return readings.map((reading, index) => ({
    ...reading,
    straightened: straight[index],
    legibility: legibilityOf(reading),
  }));
}

function legibilityOf({ characters }: Reading): number {
  const sum = characters.reduce((total, { confidence }) => total + confidence, 0);
  return characters.length === 0 ? 0 : sum / characters.length;
}

/**
 * Reads plates of a picture: each as its corners say, and where that is not read surely, also a little larger and smaller, and, if its corners are
 * the image's own, skewed; of these, the most legible counts.
 *
 * @returns a reading of each plate, in their order; null where the corners are degenerate
 */
export async function readPlates(
  reader: TrainedNetwork,
  image: Pixels,
  plates: readonly Corners[],
  options: ReadPlateOptions = {},
): Promise<readonly (PlateReading | null)[]> {
  const straight = plates.map((corners) => straighten(image, corners));
  const first = await readAll(reader, straight.filter(isThere), options);
  let next = 0;
  const best = straight.map((plate) => (plate === null ? null : first[next++]));
  const views = best.flatMap((reading, index) =>
    reading === null || !isUnsure(reading)
      ? []
      : listViews(plates[index], image).flatMap((viewOf) => {
          const view = straighten(image, viewOf(plates[index]));
          return view === null ? [] : [{ index, view }];
        }),
  );
  const again = await readAll(
    reader,
    views.map(({ view }) => view),
    options,
  );
  views.forEach(({ index }, place) => (best[index] = moreLegible(best[index]!, again[place])));
  return best;
}

const isThere = <T>(value: T | null): value is T => value !== null;
