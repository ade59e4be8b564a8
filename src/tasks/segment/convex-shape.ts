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

/** The hull's corners in order, by Andrew's monotone chain. */
function convexHull(points: readonly Point[]): readonly Point[] {
  const sorted = points.toSorted(([ax, ay], [bx, by]) => ay - by || ax - bx);
  const half = (ordered: readonly Point[]): Point[] => {
    const chain: Point[] = [];
    for (const point of ordered) {
      while (chain.length > 1 && cross(chain.at(-2)!, chain.at(-1)!, point) <= 0) chain.pop();
      chain.push(point);
    }
    return chain.slice(0, -1);
  };
  return [...half(sorted), ...half(sorted.toReversed())];
}

function cross([ax, ay]: Point, [bx, by]: Point, [cx, cy]: Point): number {
  return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
}

/** The hull of the middles of the pixels' edges. */
function hullOf({ first, last }: RowExtents): readonly Point[] {
  const points: Point[] = [];
  for (let row = 0; row < first.length; row++) {
    if (first[row] < 0) continue;
    const [left, right, y] = [2 * first[row], 2 * last[row], 2 * row];
    points.push([left - 1, y], [right + 1, y]);
    for (const beside of [y - 1, y + 1]) points.push([left, beside], [right, beside]);
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
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
    let farthest = 0;
    for (const corner of hull) {
      longest = Math.max(longest, Math.hypot(corner[0] - from[0], corner[1] - from[1]));
      farthest = Math.max(farthest, Math.abs(cross(from, to, corner)) / length);
    }
    shortest = Math.min(shortest, farthest);
  });
  return { feretMaximum: longest / 2, feretMinimum: shortest / 2 };
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
