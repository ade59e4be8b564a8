import { boxOf, type Corners, type Point } from "./geometry.ts";

/** Pixels between points of the locator's scores. */
export const STRIDE = 4;
/** Planes of the locator's scores (centre, eight coordinates, rows) and of its labels. */
export const locatorPlanes = { scores: 10, labels: 11 } as const;
/** Names of the locator's scores. */
export const locatorScores: readonly string[] = ["centre", "x0", "y0", "x1", "y1", "x2", "y2", "x3", "y3", "rows"];
/** Labels are whole numbers: a heat of 1, a weight of 1, a coordinate of one unit. */
export const HEAT_SCALE = 1000;
export const WEIGHT_SCALE = 256;
export const CORNER_SCALE = 512;
/** Pixels of one unit of a corner's score: distances from the point to the corner. */
export const CORNER_UNIT = 32;

/** A plate that the locator is to find. */
export interface TargetPlate {
  readonly corners: Corners;
  readonly rows: 1 | 2;
}

/** Width of the heat around a centre, in shares of the plate's box; at least that many points. */
const SPREAD = 0.1;
const LEAST_SPREAD = 0.6;
/** Heat from which corners are learnt. */
const NEAR = 0.35;
/** Width at which corners weigh 1; those of smaller plates weigh more, as their errors in pixels cost more. */
const USUAL_WIDTH = 80;

/**
 * Writes the labels of the locator: heat, weight of the corners, rows, eight coordinates, one after another `[11, height, width]`
 * in points of {@link STRIDE} pixels.
 */
export function writeLocatorTargets(
  plates: readonly TargetPlate[],
  { width, height }: { readonly width: number; readonly height: number },
  labels: BigInt64Array,
): void {
  labels.fill(0n);
  const points = width * height;
  const heat = new Float32Array(points);
  for (const { corners, rows } of plates) {
    const [left, top, right, bottom] = boxOf(corners);
    const [cx, cy] = centreOf(corners);
    const [column, row] = [Math.floor(cx / STRIDE), Math.floor(cy / STRIDE)];
    if (column < 0 || row < 0 || column >= width || row >= height) continue;
    const [sx, sy] = [right - left, bottom - top].map((side) => Math.max(LEAST_SPREAD, (SPREAD * side) / STRIDE));
    const weight = Math.min(3, Math.max(0.5, USUAL_WIDTH / (right - left)));
    const reach = [Math.ceil(3 * sx), Math.ceil(3 * sy)];
    for (let y = Math.max(0, row - reach[1]); y <= Math.min(height - 1, row + reach[1]); y++)
      for (let x = Math.max(0, column - reach[0]); x <= Math.min(width - 1, column + reach[0]); x++) {
        const own = Math.exp(-((x - column) ** 2 / (2 * sx * sx)) - (y - row) ** 2 / (2 * sy * sy));
        const at = y * width + x;
        if (own <= heat[at]) continue;
        heat[at] = own;
        labels[at] = BigInt(Math.round(HEAT_SCALE * own));
        if (own < NEAR) continue;
        labels[points + at] = BigInt(Math.round(WEIGHT_SCALE * weight * own));
        labels[2 * points + at] = rows === 2 ? 1n : 0n;
        corners.flat().forEach((value, index) => {
          const from = STRIDE * ((index % 2 === 0 ? x : y) + 0.5);
          labels[(3 + index) * points + at] = BigInt(Math.round((CORNER_SCALE * (value - from)) / CORNER_UNIT));
        });
      }
  }
}

/** Where the diagonals of a quadrilateral cross: the middle of the plate, seen from any side. */
function centreOf([a, b, c, d]: Corners): Point {
  const [ux, uy] = [c[0] - a[0], c[1] - a[1]];
  const [vx, vy] = [d[0] - b[0], d[1] - b[1]];
  const turn = ux * vy - uy * vx;
  if (Math.abs(turn) < 1e-9) return [(a[0] + b[0] + c[0] + d[0]) / 4, (a[1] + b[1] + c[1] + d[1]) / 4];
  const t = ((b[0] - a[0]) * vy - (b[1] - a[1]) * vx) / turn;
  return [a[0] + t * ux, a[1] + t * uy];
}
