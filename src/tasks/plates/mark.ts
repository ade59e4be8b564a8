import { boxOf, type Corners, findHomography, mapPoint, type Point, rectangle } from "./geometry.ts";
import type { Pixels } from "./straighten.ts";

/** A picture whose pixels are painted over. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export type Colour = readonly [red: number, green: number, blue: number];

/** Plates and their numbers. */
const MARK: Colour = [255, 40, 120];
const PAPER: Colour = [255, 255, 255];

/** A copy of a picture, to be painted on. */
export function toCanvas({ width, height, data }: Pixels): Canvas {
  return { width, height, data: Uint8Array.from(data) };
}

function paintPoint({ width, height, data }: Canvas, x: number, y: number, colour: Colour): void {
  if (x >= 0 && y >= 0 && x < width && y < height) data.set(colour, 3 * (y * width + x));
}

/** Fills an upright rectangle. */
export function paintBox(
  canvas: Canvas,
  [x, y]: Point,
  [width, height]: readonly [number, number],
  colour: Colour,
): void {
  const [left, top] = [Math.round(x), Math.round(y)];
  for (let row = top; row < top + Math.round(height); row++)
    for (let column = left; column < left + Math.round(width); column++) paintPoint(canvas, column, row, colour);
}

/** Paints a line of a thickness, square brush by square brush. */
export function paintLine(
  canvas: Canvas,
  [from, to]: readonly [Point, Point],
  thickness: number,
  colour: Colour,
): void {
  const steps = Math.max(1, Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1])));
  for (let step = 0; step <= steps; step++) {
    const [x, y] = [0, 1].map((axis) => from[axis] + ((to[axis] - from[axis]) * step) / steps);
    paintBox(canvas, [x - thickness / 2, y - thickness / 2], [thickness, thickness], colour);
  }
}

/** The outline of a quadrilateral. */
export function paintOutline(
  canvas: Canvas,
  corners: readonly Point[],
  thickness: number,
  colour: Colour = MARK,
): void {
  corners.forEach((corner, index) =>
    paintLine(canvas, [corner, corners[(index + 1) % corners.length]], thickness, colour),
  );
}

/** Digits of three columns and five rows, row by row. */
const digitShapes = [
  "111101101101111",
  "010110010010111",
  "111001111100111",
  "111001111001111",
  "101101111001001",
  "111100111001111",
  "111100111101111",
  "111001001001001",
  "111101111101111",
  "111101111001111",
] as const;

/** Paints a whole number, white in a box whose lower left corner is given. */
export function paintNumber(
  canvas: Canvas,
  number: number,
  [left, bottom]: Point,
  { size, colour = MARK }: { readonly size: number; readonly colour?: Colour },
): void {
  const text = String(number);
  const top = Math.max(0, bottom - 7 * size);
  paintBox(canvas, [left, top], [(4 * text.length + 1) * size, 7 * size], colour);
  Array.from(text).forEach((digit, place) =>
    Array.from(digitShapes[Number(digit)]).forEach((bit, at) => {
      const x = left + (1 + 4 * place + (at % 3)) * size;
      if (bit === "1") paintBox(canvas, [x, top + (1 + Math.floor(at / 3)) * size], [size, size], PAPER);
    }),
  );
}

/** Outlines plates and numbers them from 1, in lines that can be seen at any size. */
export function paintPlates(canvas: Canvas, plates: readonly { readonly corners: Corners }[]): void {
  const unit = Math.max(1, Math.round(Math.max(canvas.width, canvas.height) / 240));
  plates.forEach(({ corners }, index) => {
    paintOutline(canvas, corners, unit + 1);
    const [left, top] = boxOf(corners);
    paintNumber(canvas, index + 1, [Math.max(0, left), top - unit], { size: unit });
  });
}

/** Columns and rows of the blocks that a hidden plate consists of: too few for a plate's seven characters. */
const BLOCKS: readonly [number, number] = [4, 2];
/** A plate is hidden with so much around it, as a share of its sides: corners are not exact. */
const MARGIN = 0.15;

/** A quadrilateral made larger about its middle. */
function enlarge(corners: Corners, factor: number): Corners {
  const [cx, cy] = [0, 1].map((axis) => corners.reduce((sum, corner) => sum + corner[axis], 0) / 4);
  return corners.map(([x, y]): Point => [cx + (x - cx) * factor, cy + (y - cy) * factor]) as unknown as Corners;
}

/**
 * Makes a plate unreadable: each of a few blocks gets its mean colour, which leaves nothing of the characters. What is hidden is
 * a little larger than the plate.
 */
export function hidePlate(canvas: Canvas, corners: Corners): void {
  const wide = enlarge(corners, 1 + 2 * MARGIN);
  const h = findHomography(wide, rectangle(...BLOCKS));
  if (h === null) return;
  const [left, top, right, bottom] = boxOf(wide);
  const [columns, rows] = BLOCKS;
  const sums = new Float64Array(4 * columns * rows);
  const points: (readonly [at: number, block: number])[] = [];
  for (let y = Math.max(0, Math.floor(top)); y < Math.min(canvas.height, Math.ceil(bottom)); y++)
    for (let x = Math.max(0, Math.floor(left)); x < Math.min(canvas.width, Math.ceil(right)); x++) {
      const [u, v] = mapPoint(h, [x + 0.5, y + 0.5]);
      if (!(u >= 0 && v >= 0 && u < columns && v < rows)) continue;
      const [at, block] = [3 * (y * canvas.width + x), Math.floor(v) * columns + Math.floor(u)];
      for (let channel = 0; channel < 3; channel++) sums[4 * block + channel] += canvas.data[at + channel];
      sums[4 * block + 3]++;
      points.push([at, block]);
    }
  for (const [at, block] of points)
    for (let channel = 0; channel < 3; channel++)
      canvas.data[at + channel] = Math.round(sums[4 * block + channel] / sums[4 * block + 3]);
}
