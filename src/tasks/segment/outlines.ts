import { labelComponents } from "./data/components.ts";

/** A corner of an outline: column, then row, as GeoJSON has x and y. */
export type Corner = readonly [x: number, y: number];

/** A closed line along the edges of pixels, without the first corner repeated at the end. */
export type Ring = readonly Corner[];

/** Outlines of one cell: per part, whose pixels meet along edges, the outer ring and then those of its holes. */
export interface CellOutline {
  readonly id: number;
  readonly parts: readonly (readonly Ring[])[];
}

interface Size {
  readonly height: number;
  readonly width: number;
}

/** Rows and columns that hold a cell. */
interface Box extends Size {
  readonly top: number;
  readonly left: number;
}

/** Directions along the edges of pixels, clockwise as the image is seen: right, down, left, up. */
const steps = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;

type IsIn = (row: number, column: number) => boolean;

/** The next direction at a corner: the part stays on the right hand. */
function turn(isIn: IsIn, [x, y]: Corner, direction: number): number {
  // The pixels ahead, on the right and on the left.
  const ahead = [
    [isIn(y, x), isIn(y - 1, x)],
    [isIn(y, x - 1), isIn(y, x)],
    [isIn(y - 1, x - 1), isIn(y, x - 1)],
    [isIn(y - 1, x), isIn(y - 1, x - 1)],
  ] as const;
  const [right, left] = ahead[direction];
  if (!right) return (direction + 1) % 4;
  return left ? (direction + 3) % 4 : direction;
}

/**
 * Walks around a part once, from the upper edge of a pixel. Wherever the walk comes back to a corner, at which pixels meet
 * diagonally, the loop in between becomes a ring of its own; so no ring touches itself.
 *
 * @param pass hears of each upper edge that is walked
 */
function walkAround(isIn: IsIn, start: Corner, pass: (row: number, column: number) => void): readonly Ring[] {
  const rings: Ring[] = [];
  const path: Corner[] = [start];
  const places = new Map([[start.join(), 0]]);
  let [x, y] = start;
  let direction = 0;
  for (;;) {
    if (direction === 0) pass(y, x);
    [x, y] = [x + steps[direction][0], y + steps[direction][1]];
    const next = turn(isIn, [x, y], direction);
    if (x === start[0] && y === start[1] && next === 0) return [...rings, path];
    if (next !== direction) {
      const corner = [x, y] as const;
      const place = places.get(corner.join());
      if (place !== undefined) {
        const ring = path.splice(place);
        for (const known of ring) places.delete(known.join());
        rings.push(ring);
      }
      places.set(corner.join(), path.length);
      path.push(corner);
    }
    direction = next;
  }
}

/** Twice a ring's area, signed: positive for rings that are counter-clockwise with y up, as RFC 7946 counts. */
export function signedDoubleArea(ring: Ring): number {
  return ring.reduce((sum, [x, y], index) => {
    const [nextX, nextY] = ring[(index + 1) % ring.length];
    return sum + x * nextY - nextX * y;
  }, 0);
}

/** Outlines of the parts of one cell. Each part's interior is connected, so exactly one of its rings is an outer one. */
function outlineParts(labels: Int32Array, width: number, id: number, box: Box): CellOutline["parts"] {
  const { labels: parts, count } = labelComponents(
    (at) => labels[(box.top + Math.floor(at / box.width)) * width + box.left + (at % box.width)] === id,
    box,
  );
  const rings: Ring[][] = Array.from({ length: count }, () => []);
  const partAt = (row: number, column: number): number =>
    row < box.top || column < box.left || row >= box.top + box.height || column >= box.left + box.width
      ? 0
      : parts[(row - box.top) * box.width + column - box.left];
  const walked = new Uint8Array(parts.length);
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at];
    const [row, column] = [box.top + Math.floor(at / box.width), box.left + (at % box.width)];
    if (part === 0 || walked[at] !== 0 || partAt(row - 1, column) === part) continue;
    const isIn: IsIn = (y, x) => partAt(y, x) === part;
    const pass = (y: number, x: number): void => {
      walked[(y - box.top) * box.width + x - box.left] = 1;
    };
    rings[part - 1].push(...walkAround(isIn, [column, row], pass));
  }
  return rings.map((own) => own.toSorted((a, b) => Number(signedDoubleArea(a) < 0) - Number(signedDoubleArea(b) < 0)));
}

function findBoxes(labels: Int32Array, { height, width }: Size): ReadonlyMap<number, Box> {
  const boxes = new Map<number, { top: number; left: number; height: number; width: number }>();
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      const id = labels[at];
      if (id === 0) continue;
      const box = boxes.get(id);
      if (box === undefined) {
        boxes.set(id, { top: row, left: column, height: 1, width: 1 });
        continue;
      }
      const right = Math.max(box.left + box.width, column + 1);
      box.left = Math.min(box.left, column);
      box.width = right - box.left;
      box.height = row + 1 - box.top;
    }
  }
  return boxes;
}

/**
 * Outlines of every cell along the edges of its pixels, as valid polygons: no ring touches itself, outer rings have a positive
 * {@link signedDoubleArea}, holes a negative one. Pixels that meet at a corner alone belong to two parts, everywhere.
 *
 * @param labels `[height, width]`, 0 for background
 * @source OGC 06-103r4, section 6.1.11.1: a hole may touch the outer ring at a point, a ring may not touch itself
 */
export function outlineCells(labels: Int32Array, size: Size): readonly CellOutline[] {
  return Array.from(findBoxes(labels, size), ([id, box]) => ({
    id,
    parts: outlineParts(labels, size.width, id, box),
  })).toSorted((a, b) => a.id - b.id);
}
