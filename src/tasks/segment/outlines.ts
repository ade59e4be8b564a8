/** A point of an outline: column, then row, as GeoJSON has x and y. */
type Corner = readonly [x: number, y: number];

/** Directions along the edges of points, clockwise: right, down, left, up. */
const steps = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;

/**
 * Outlines of the parts of a plane with one label, along the edges of its points, each closed. Outer outlines run clockwise as
 * the image is seen, outlines of holes the other way; points that touch at a corner alone belong to two outlines.
 *
 * @param box rows and columns that hold the label
 */
function traceOutlines(
  isIn: (row: number, column: number) => boolean,
  {
    top,
    left,
    bottom,
    right,
  }: { readonly top: number; readonly left: number; readonly bottom: number; readonly right: number },
): readonly (readonly Corner[])[] {
  const seen = new Set<number>();
  const span = right - left + 3;
  const outlines: Corner[][] = [];
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      // The upper edge of a point that has none above begins an outline that has not been walked yet.
      if (!isIn(row, column) || isIn(row - 1, column) || seen.has((row - top) * span + column - left)) continue;
      const outline: Corner[] = [];
      let [x, y, direction] = [column, row, 0];
      do {
        if (direction === 0) seen.add((y - top) * span + x - left);
        outline.push([x, y]);
        [x, y] = [x + steps[direction][0], y + steps[direction][1]];
        direction = turn(isIn, x, y, direction);
      } while (x !== column || y !== row || direction !== 0);
      outlines.push(simplify(outline));
    }
  }
  return outlines;
}

/** The next direction at a corner: the label stays on the right hand. */
function turn(isIn: (row: number, column: number) => boolean, x: number, y: number, direction: number): number {
  // The points ahead, on the right and on the left.
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

/** Leaves out corners on a straight line, and closes the outline. */
function simplify(outline: readonly Corner[]): Corner[] {
  const kept = outline.filter(([x, y], index) => {
    const [before, after] = [outline.at(index - 1)!, outline[(index + 1) % outline.length]];
    return (before[0] !== x || after[0] !== x) && (before[1] !== y || after[1] !== y);
  });
  return [...kept, kept[0]];
}

/** Twice the area, signed by direction. */
function signedArea(outline: readonly Corner[]): number {
  return outline.slice(1).reduce((sum, [x, y], index) => sum + outline[index][0] * y - x * outline[index][1], 0);
}

/** Outlines of one cell: of each connected part the outer one and its holes. */
export interface CellOutline {
  readonly id: number;
  readonly parts: readonly (readonly (readonly Corner[])[])[];
}

/** Outlines of every cell, along the edges of its points. @param labels `[height, width]`, 0 for background */
export function outlineCells(
  labels: Int32Array,
  { height, width }: { readonly height: number; readonly width: number },
): readonly CellOutline[] {
  const boxes = new Map<number, { top: number; left: number; bottom: number; right: number }>();
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      const id = labels[at];
      if (id === 0) continue;
      const box = boxes.get(id);
      if (box === undefined) boxes.set(id, { top: row, left: column, bottom: row, right: column });
      else {
        box.bottom = row;
        box.left = Math.min(box.left, column);
        box.right = Math.max(box.right, column);
      }
    }
  }
  return Array.from(boxes, ([id, box]) => {
    const isIn = (row: number, column: number): boolean =>
      row >= 0 && column >= 0 && row < height && column < width && labels[row * width + column] === id;
    const found = traceOutlines(isIn, box);
    const parts = found.filter((outline) => signedArea(outline) > 0).map((outline) => [outline]);
    for (const hole of found.filter((outline) => signedArea(outline) < 0)) {
      const around = parts.find(([outer]) => contains(outer, hole[0])) ?? parts[0];
      around.push(hole);
    }
    return { id, parts };
  }).toSorted((a, b) => a.id - b.id);
}

/** Whether a corner lies in an outline, just inside its own corner. */
function contains(outline: readonly Corner[], [x, y]: Corner): boolean {
  const [px, py] = [x + 0.5, y - 0.5];
  let inside = false;
  for (let index = 1; index < outline.length; index++) {
    const [[x0, y0], [x1, y1]] = [outline[index - 1], outline[index]];
    if (y0 > py !== y1 > py && px < ((x1 - x0) * (py - y0)) / (y1 - y0) + x0) inside = !inside;
  }
  return inside;
}

/**
 * Outlines as GeoJSON, x to the right and y down, in points or micrometres; what viewers of microscopy images, such as QuPath,
 * read.
 *
 * @source RFC 7946, sections 3.1.6 and 3.3
 */
export function outlinesToGeoJson(cells: readonly CellOutline[], micrometres = 1): unknown {
  const scale = (outline: readonly Corner[]): readonly Corner[] =>
    outline.map(([x, y]) => [x * micrometres, y * micrometres]);
  return {
    type: "FeatureCollection",
    features: cells.map(({ id, parts }) => {
      const coordinates = parts.map((outlines) => outlines.map(scale));
      return {
        type: "Feature",
        id,
        geometry:
          parts.length === 1 ? { type: "Polygon", coordinates: coordinates[0] } : { type: "MultiPolygon", coordinates },
        properties: { id, objectType: "detection" },
      };
    }),
  };
}
