/** A point of an image: x to the right, y down, in pixels; the centre of the first pixel is (0.5, 0.5). */
export type Point = readonly [x: number, y: number];

/** Four corners, clockwise from the top left. */
export type Corners = readonly [Point, Point, Point, Point];

/** A projective map of the plane, row by row; the last entry is 1. */
export type Homography = readonly number[];

/**
 * The homography that maps four points to four others.
 *
 * (x, y) → ((h₀x + h₁y + h₂)/w, (h₃x + h₄y + h₅)/w) with w = h₆x + h₇y + 1: eight linear equations, by Gaussian elimination
 * with pivoting. Null if three of the points lie on a line.
 *
 * @source Hartley and Zisserman, Multiple View Geometry, section 4.1
 */
export function findHomography(from: Corners, to: Corners): Homography | null {
  const rows = from.flatMap(([x, y], index) => {
    const [u, v] = to[index];
    return [
      [x, y, 1, 0, 0, 0, -u * x, -u * y, u],
      [0, 0, 0, x, y, 1, -v * x, -v * y, v],
    ];
  });
  for (let column = 0; column < 8; column++) {
    let pivot = column;
    for (let row = column + 1; row < 8; row++)
      if (Math.abs(rows[row][column]) > Math.abs(rows[pivot][column])) pivot = row;
    if (!(Math.abs(rows[pivot][column]) > 1e-9)) return null;
    [rows[column], rows[pivot]] = [rows[pivot], rows[column]];
    for (let row = 0; row < 8; row++) {
      if (row === column) continue;
      const factor = rows[row][column] / rows[column][column];
      for (let k = column; k < 9; k++) rows[row][k] -= factor * rows[column][k];
    }
  }
  return [...rows.map((row, index) => row[8] / row[index]), 1];
}

/** Where a homography maps a point. */
export function mapPoint(h: Homography, [x, y]: Point): Point {
  const w = h[6] * x + h[7] * y + h[8];
  return [(h[0] * x + h[1] * y + h[2]) / w, (h[3] * x + h[4] * y + h[5]) / w];
}

/** The corners of a rectangle from the origin. */
export function rectangle(width: number, height: number): Corners {
  return [
    [0, 0],
    [width, 0],
    [width, height],
    [0, height],
  ];
}

/** Corners of a plate that is larger or smaller about its middle, along its own sides. @param across, down in shares of its size */
export function scaleCorners([a, b, c, d]: Corners, across: number, down: number): Corners {
  const near = (u: number, v: number): Point => {
    const at = (k: 0 | 1): number => (1 - v) * ((1 - u) * a[k] + u * b[k]) + v * ((1 - u) * d[k] + u * c[k]);
    return [at(0), at(1)];
  };
  const [left, right, top, bottom] = [(1 - across) / 2, (1 + across) / 2, (1 - down) / 2, (1 + down) / 2];
  return [near(left, top), near(right, top), near(right, bottom), near(left, bottom)];
}

/**
 * Corners of a plate that is skewed about its middle, along the means of its own sides.
 *
 * @param slant how far its upper side moves to the right, and its lower one to the left
 * @param tilt how far its right side moves down, and its left one up; both in shares of its height
 */
export function skewCorners(corners: Corners, slant: number, tilt: number): Corners {
  const [a, b, c, d] = corners;
  const across: Point = [(b[0] - a[0] + c[0] - d[0]) / 2, (b[1] - a[1] + c[1] - d[1]) / 2];
  const down: Point = [(d[0] - a[0] + c[0] - b[0]) / 2, (d[1] - a[1] + c[1] - b[1]) / 2];
  const right = (slant * Math.hypot(...down)) / Math.hypot(...across);
  const move = ([x, y]: Point, u: number, v: number): Point => [
    x + u * across[0] + v * down[0],
    y + u * across[1] + v * down[1],
  ];
  return [move(a, right, -tilt), move(b, right, tilt), move(c, -right, tilt), move(d, -right, -tilt)];
}

/** Twice the signed area of a triangle; above 0 if it runs clockwise in an image. */
function turn([ax, ay]: Point, [bx, by]: Point, [cx, cy]: Point): number {
  return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
}

/** The area of a polygon; above 0 if it runs clockwise in an image. */
export function areaOf(polygon: readonly Point[]): number {
  let twice = 0;
  polygon.forEach(([x, y], index) => {
    const [u, v] = polygon[(index + 1) % polygon.length];
    twice += x * v - u * y;
  });
  return twice / 2;
}

/** Whether a quadrilateral is convex and not degenerate, in the order of its corners. */
export function isConvex(corners: Corners): boolean {
  return corners.every((corner, index) => turn(corner, corners[(index + 1) % 4], corners[(index + 2) % 4]) > 1e-6);
}

/**
 * Four points in the order of a plate's corners: clockwise from the top left. Null if they are not the corners of a convex
 * quadrilateral.
 */
export function orderCorners(points: readonly Point[]): Corners | null {
  if (points.length !== 4 || points.flat().some((value) => !Number.isFinite(value))) return null;
  const cx = points.reduce((sum, [x]) => sum + x, 0) / 4;
  const cy = points.reduce((sum, [, y]) => sum + y, 0) / 4;
  const around = points.toSorted(([ax, ay], [bx, by]) => Math.atan2(ay - cy, ax - cx) - Math.atan2(by - cy, bx - cx));
  // The upper long side: of the two sides that run to the right most, the higher one begins at the top left.
  const start = [0, 1, 2, 3].toSorted((a, b) => rise(around, b) - rise(around, a))[0];
  const ordered = [0, 1, 2, 3].map((step) => around[(start + step) % 4]) as unknown as Corners;
  return isConvex(ordered) ? ordered : null;
}

/** How far a side runs to the right. */
function rise(around: readonly Point[], side: number): number {
  return around[(side + 1) % 4][0] - around[side][0];
}

/** A box around points: least x and y, greatest x and y. */
export type Box = readonly [left: number, top: number, right: number, bottom: number];

/** The bounding box of points. */
export function boxOf(points: readonly Point[]): Box {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** Intersection over union of two boxes. */
export function boxOverlap(a: Box, b: Box): number {
  const width = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]));
  const height = Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  const shared = width * height;
  const total = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared;
  return total > 0 ? shared / total : 0;
}

/** The part of a convex polygon that lies inside another, by clipping at each of its sides. @source Sutherland and Hodgman 1974 */
function clip(polygon: readonly Point[], by: Corners): readonly Point[] {
  let kept = polygon;
  by.forEach((corner, index) => {
    const next = by[(index + 1) % 4];
    const inside: Point[] = [];
    kept.forEach((point, at) => {
      const other = kept[(at + 1) % kept.length];
      const [a, b] = [turn(corner, next, point), turn(corner, next, other)];
      if (a >= 0) inside.push(point);
      if (a >= 0 !== b >= 0) {
        const t = a / (a - b);
        inside.push([point[0] + t * (other[0] - point[0]), point[1] + t * (other[1] - point[1])]);
      }
    });
    kept = inside;
  });
  return kept;
}

/** Intersection over union of two convex quadrilaterals. */
export function quadOverlap(a: Corners, b: Corners): number {
  const shared = Math.abs(areaOf(clip(a, b)));
  const total = Math.abs(areaOf(a)) + Math.abs(areaOf(b)) - shared;
  return total > 0 ? shared / total : 0;
}
