import type { TrainedNetwork } from "../../networks/open.ts";
import { scoreFinitely } from "../../networks/scores.ts";
import { OptionError } from "../../tensor/errors.ts";
import { float32 } from "../../tensor/tensor.ts";
import { writePlanes } from "./planes.ts";
import { boxOf, boxOverlap, type Corners, isConvex, type Point, quadOverlap } from "./geometry.ts";
import { CORNER_UNIT, STRIDE } from "./locator-targets.ts";
import { resizePixels } from "./resize.ts";
import type { Pixels } from "./straighten.ts";

/** A plate that was found. */
export interface LocatedPlate {
  /** Clockwise from the top left, in pixels of the image. */
  readonly corners: Corners;
  /** How sure the locator is, 0 to 1. */
  readonly score: number;
  readonly rows: 1 | 2;
}

/** How plates are looked for. */
export interface LocateOptions {
  /** Least score of a plate, between 0 and 1. Default 0.4. */
  readonly threshold?: number;
  /** Columns or rows that an image has at most: larger ones are shrunk. Default 640; 1280 finds smaller plates, in four times the time. */
  readonly longestSide?: number;
}

export const locateDefaults = { threshold: 0.4, longestSide: 640 } as const;

/** A picture shrunk further shows no plate. */
const LEAST_SIDE = 64;
/** Of two plates that share more than this, the less certain one is dropped. */
const MOST_SHARED = 0.25;
/** Pixels that windows over an image share. */
const OVERLAP = 160;

/** Starts of windows that cover an extent. */
function windowStarts(extent: number, window: number): readonly number[] {
  if (extent <= window) return [0];
  const count = Math.ceil((extent - OVERLAP) / (window - OVERLAP));
  return Array.from({ length: count }, (_, index) => Math.round((index * (extent - window)) / (count - 1)));
}

/** A window of an image; beyond the image it is mid-grey. */
function cutWindow(
  { width, height, data }: Pixels,
  left: number,
  top: number,
  [columns, rows]: readonly [number, number],
): Pixels {
  const out = new Uint8Array(columns * rows * 3).fill(127);
  const wide = Math.min(columns, width - left);
  for (let row = 0; row < Math.min(rows, height - top); row++) {
    const from = 3 * ((top + row) * width + left);
    out.set(data.subarray(from, from + 3 * wide), 3 * row * columns);
  }
  return { width: columns, height: rows, data: out };
}

/** Sizes at which an image is looked at, in shares of the longest side: plates that are too large for the first are found at the second. */
const SCALES = [1, 0.5] as const;

/**
 * Finds the plates of an image of any size: it is shrunk to the longest side, and to half of that for large plates, covered with
 * windows of the network's size, and in each the points whose score is the highest among their neighbours are plates.
 *
 * @param image of 8 bits, red, green and blue
 * @returns the most certain first; corners in pixels of the image
 * @throws {OptionError} naming an option out of its range
 */
export async function locatePlates(
  network: TrainedNetwork,
  image: Pixels,
  { threshold = locateDefaults.threshold, longestSide = locateDefaults.longestSide }: LocateOptions = {},
): Promise<readonly LocatedPlate[]> {
  if (!(threshold > 0 && threshold < 1))
    throw new OptionError("threshold", `must be above 0 and below 1, got ${threshold}`);
  if (!(Number.isSafeInteger(longestSide) && longestSide >= LEAST_SIDE))
    throw new OptionError("longestSide", `must be a whole number of at least ${LEAST_SIDE}, got ${longestSide}`);
  const first = Math.min(1, longestSide / Math.max(image.width, image.height));
  const found: LocatedPlate[] = [];
  let seen = image;
  for (const share of SCALES) {
    const [width, height] = [image.width, image.height].map((side) => Math.max(1, Math.round(side * first * share)));
    if (width !== seen.width || height !== seen.height) seen = resizePixels(seen, width, height);
    const [x, y] = [image.width / width, image.height / height];
    for (const plate of await locateInWindows(network, seen, threshold))
      found.push({ ...plate, corners: moveEach(plate.corners, ([u, v]) => [u * x, v * y]) });
  }
  return suppress(found);
}

const moveEach = (corners: Corners, move: (point: Point) => Point): Corners => corners.map(move) as unknown as Corners;

/** Finds plates in all windows over an image, at its own size. */
export async function locateInWindows(
  { session, card }: TrainedNetwork,
  image: Pixels,
  threshold: number,
): Promise<readonly LocatedPlate[]> {
  const [, rows, columns] = card.imageShape;
  const found: LocatedPlate[] = [];
  for (const top of windowStarts(image.height, rows))
    for (const left of windowStarts(image.width, columns)) {
      const input = new Float32Array(3 * rows * columns);
      writePlanes(cutWindow(image, left, top, [columns, rows]), card.normalization, input, 0);
      const { data } = await scoreFinitely(session, float32([1, 3, rows, columns], input));
      for (const plate of decodeScores(data, [columns / STRIDE, rows / STRIDE], threshold))
        if (isInside(plate, image.width - left, image.height - top))
          found.push({ ...plate, corners: moveEach(plate.corners, ([x, y]) => [x + left, y + top]) });
    }
  return found;
}

/** Whether a plate's middle lies inside the image. */
function isInside({ corners }: LocatedPlate, width: number, height: number): boolean {
  const [left, top, right, bottom] = boxOf(corners);
  return (left + right) / 2 < width && (top + bottom) / 2 < height;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Plates of one window's scores, `[10, rows, columns]`. */
function decodeScores(
  scores: Float32Array,
  [columns, rows]: readonly [number, number],
  threshold: number,
): readonly LocatedPlate[] {
  const points = columns * rows;
  const least = Math.log(threshold / (1 - threshold));
  const plates: LocatedPlate[] = [];
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const at = row * columns + column;
      if (!(scores[at] >= least) || !isPeak(scores, row, column, [columns, rows])) continue;
      const corners = [0, 1, 2, 3].map((corner): Point => {
        const place = at + (1 + 2 * corner) * points;
        return [
          STRIDE * (column + 0.5) + CORNER_UNIT * scores[place],
          STRIDE * (row + 0.5) + CORNER_UNIT * scores[place + points],
        ];
      }) as unknown as Corners;
      if (!isConvex(corners)) continue;
      plates.push({ corners, score: sigmoid(scores[at]), rows: scores[at + 9 * points] > 0 ? 2 : 1 });
    }
  return plates;
}

/** Whether a point's score is the highest within one point; of equal ones, the first is. */
function isPeak(
  scores: Float32Array,
  row: number,
  column: number,
  [columns, rows]: readonly [number, number],
): boolean {
  const own = scores[row * columns + column];
  for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y++)
    for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x++) {
      const other = scores[y * columns + x];
      if (other > own || (other === own && y * columns + x < row * columns + column)) return false;
    }
  return true;
}

/** Drops plates that overlap a more certain one. */
export function suppress<Found extends LocatedPlate>(plates: readonly Found[]): readonly Found[] {
  const kept: Found[] = [];
  for (const plate of plates.toSorted((a, b) => b.score - a.score)) {
    const overlaps = kept.some(
      ({ corners }) =>
        boxOverlap(boxOf(corners), boxOf(plate.corners)) > 0 && quadOverlap(corners, plate.corners) > MOST_SHARED,
    );
    if (!overlaps) kept.push(plate);
  }
  return kept;
}
