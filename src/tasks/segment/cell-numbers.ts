import { median } from "../../statistics/summary.ts";
import type { Picture } from "./overlay.ts";

/** Digits of 3 × 5 pixels, row by row; bit 2 is the left column. */
const digits = [
  [7, 5, 5, 5, 7],
  [2, 6, 2, 2, 7],
  [7, 1, 7, 4, 7],
  [7, 1, 7, 1, 7],
  [5, 5, 7, 1, 1],
  [7, 4, 7, 1, 7],
  [7, 4, 7, 5, 7],
  [7, 1, 1, 1, 1],
  [7, 5, 7, 5, 7],
  [7, 5, 7, 1, 7],
] as const;
const [digitWidth, digitHeight] = [3, 5] as const;

const ink = [255, 255, 255] as const;
const halo = [0, 0, 0] as const;

/** Three digits fit across a cell of this many pixels at the smallest size. */
const pixelsPerSize = 12;
const largestSize = 8;

/** A cell's number, and where it goes. */
interface Place {
  readonly id: number;
  area: number;
  row: number;
  column: number;
}

/** The pixel of each cell that is nearest to its centroid: the centroid of a crescent lies outside. */
function findPlaces(labels: ArrayLike<number>, width: number): readonly Place[] {
  const centres = new Map<number, Place>();
  for (let at = 0; at < labels.length; at++) {
    const id = labels[at];
    if (id === 0) continue;
    let centre = centres.get(id);
    if (centre === undefined) centres.set(id, (centre = { id, area: 0, row: 0, column: 0 }));
    centre.area++;
    centre.row += Math.floor(at / width);
    centre.column += at % width;
  }
  const nearest = new Map<number, Place & { distance: number }>();
  for (let at = 0; at < labels.length; at++) {
    const centre = centres.get(labels[at]);
    if (centre === undefined) continue;
    const { id, area } = centre;
    const [row, column] = [Math.floor(at / width), at % width];
    const distance = (row - centre.row / area) ** 2 + (column - centre.column / area) ** 2;
    if (distance < (nearest.get(id)?.distance ?? Infinity)) nearest.set(id, { id, area, row, column, distance });
  }
  return [...nearest.values()];
}

/** The digits' size in pixels per dot, by the median cell's diameter. */
function chooseSize(places: readonly Place[]): number {
  const diameter = 2 * Math.sqrt(median(places.map(({ area }) => area)) / Math.PI);
  return Math.max(1, Math.min(largestSize, Math.floor(diameter / pixelsPerSize)));
}

/** The dots of a number, its upper left one at 0, 0. */
function dotsOf(id: number): readonly (readonly [row: number, column: number])[] {
  return Array.from(String(id), Number).flatMap((digit, index) =>
    digits[digit].flatMap((bits, row) =>
      [0, 1, 2]
        .filter((column) => (bits & (4 >> column)) !== 0)
        .map((column) => [row, index * (digitWidth + 1) + column] as const),
    ),
  );
}

function fill(
  { height, width, pixels }: Picture,
  box: { readonly top: number; readonly left: number; readonly side: number },
  colour: readonly [number, number, number],
): void {
  for (let row = Math.max(0, box.top); row < Math.min(height, box.top + box.side); row++)
    for (let column = Math.max(0, box.left); column < Math.min(width, box.left + box.side); column++)
      pixels.set(colour, 3 * (row * width + column));
}

function paintNumber(picture: Picture, { id, row, column }: Place, size: number): void {
  const dots = dotsOf(id);
  const [tall, wide] = [digitHeight * size, ((digitWidth + 1) * String(id).length - 1) * size];
  // Whole in the picture, also at its edge, if it fits there with its halo.
  const place = (centre: number, length: number, room: number): number =>
    Math.max(1, Math.min(room - length - 1, Math.round(centre - (length - 1) / 2)));
  const [top, left] = [place(row, tall, picture.height), place(column, wide, picture.width)];
  for (const [y, x] of dots)
    fill(picture, { top: top + y * size - 1, left: left + x * size - 1, side: size + 2 }, halo);
  for (const [y, x] of dots) fill(picture, { top: top + y * size, left: left + x * size, side: size }, ink);
}

/**
 * Paints each cell's number over its middle, white with a black rim, so that a table's rows are found in the picture. The digits
 * grow with the cells.
 *
 * @param labels `[height, width]`, 0 for background
 */
export function paintNumbers(picture: Picture, labels: ArrayLike<number>): void {
  const places = findPlaces(labels, picture.width);
  if (places.length === 0) return;
  const size = chooseSize(places);
  for (const place of places) paintNumber(picture, place, size);
}
