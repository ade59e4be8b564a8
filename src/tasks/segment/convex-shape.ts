/** Columns of the first and the last pixel per row, from row 0 on; −1 for a row without any. */
export interface RowExtents {
  readonly first: ArrayLike<number>;
  readonly last: ArrayLike<number>;
}

/** What a shape's convex hull tells. */
export interface ConvexShape {
  /** Pixels whose centres lie in the hull or on it. */
  readonly area: number;
  /** Longest and shortest distance between parallel lines that hold the shape between them. */
  readonly feretMaximum: number;
  readonly feretMinimum: number;
}

/** In half pixels, so that everything up to the hull is exact. */
type Point = readonly [x: number, y: number];

/** The hull's corners in order, by Andrew's monotone chain. @param points from top to bottom, on a line from left to right */
function convexHull(points: readonly Point[]): readonly Point[] {
  const half = (ordered: readonly Point[]): Point[] => {
    const chain: Point[] = [];
    for (const point of ordered) {
      while (chain.length > 1 && cross(chain[chain.length - 2], chain[chain.length - 1], point) <= 0) chain.pop();
      chain.push(point);
    }
    return chain.slice(0, -1);
  };
  return [...half(points), ...half(points.toReversed())];
}

/** Twice the area of a triangle, signed. Indexed, because taking points apart costs more than all else here. */
function cross(a: Point, b: Point, c: Point): number {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

/** The hull of the middles of the pixels' edges. */
function hullOf({ first, last }: RowExtents): readonly Point[] {
  const points: Point[] = [];
  const addLine = (y: number, left: number, right: number): void => {
    points.push([left, y]);
    if (right > left) points.push([right, y]);
  };
  // Between two rows lie the lower edges of one and the upper ones of the other.
  let [left, right] = [Infinity, -Infinity];
  for (let row = 0; row <= first.length; row++) {
    const isThere = row < first.length && first[row] >= 0;
    if (isThere) [left, right] = [Math.min(left, 2 * first[row]), Math.max(right, 2 * last[row])];
    if (left <= right) addLine(2 * row - 1, left, right);
    [left, right] = isThere ? [2 * first[row], 2 * last[row]] : [Infinity, -Infinity];
    if (isThere) addLine(2 * row, left - 1, right + 1);
  }
  return convexHull(points);
}

/** Pixels whose centres lie in a hull or on it. */
function fillHull(hull: readonly Point[], rows: number): RowExtents {
  const first = Array.from({ length: rows }, () => Infinity);
  const last = Array.from({ length: rows }, () => -Infinity);
  hull.forEach((from, index) => {
    const to = hull[(index + 1) % hull.length];
    const [[x0, y0], [x1, y1]] = from[1] < to[1] ? [from, to] : [to, from];
    if (y0 === y1) return;
    for (let row = Math.max(0, Math.ceil(y0 / 2)); 2 * row <= y1 && row < rows; row++) {
      // One division of whole numbers, so a crossing at a centre is exactly there.
      const column = (x0 * (y1 - y0) + (x1 - x0) * (2 * row - y0)) / (2 * (y1 - y0));
      first[row] = Math.min(first[row], Math.ceil(column));
      last[row] = Math.max(last[row], Math.floor(column));
    }
  });
  return { first, last };
}

/** The largest distance between corners, and the smallest between an edge's line and the corner farthest from it. */
function feretDiameters(hull: readonly Point[]): Pick<ConvexShape, "feretMaximum" | "feretMinimum"> {
  let [longest, shortest] = [0, Infinity];
  hull.forEach((from, index) => {
    const to = hull[(index + 1) % hull.length];
    let farthest = 0;
    for (const corner of hull) {
      longest = Math.max(longest, (corner[0] - from[0]) ** 2 + (corner[1] - from[1]) ** 2);
      farthest = Math.max(farthest, Math.abs(cross(from, to, corner)));
    }
    shortest = Math.min(shortest, farthest / Math.hypot(to[0] - from[0], to[1] - from[1]));
  });
  return { feretMaximum: Math.sqrt(longest) / 2, feretMinimum: shortest / 2 };
}

/**
 * Measures the convex hull of a shape. Pixels reach to the middles of their edges, and diameters are those of the filled hull, so
 * area and largest diameter are scikit-image's `area_convex` and `feret_diameter_max`, which has no smallest one.
 *
 * @source scikit-image 0.26, `convex_hull_image` with `offset_coordinates`, and `RegionProperties.feret_diameter_max`
 */
export function measureConvexShape(shape: RowExtents): ConvexShape {
  const filled = fillHull(hullOf(shape), shape.first.length);
  const area = Array.from(filled.first).reduce((sum, first, row) => sum + filled.last[row] - first + 1, 0);
  return { area, ...feretDiameters(hullOf(filled)) };
}
