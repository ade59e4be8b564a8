import { type Corners, findHomography, type Homography, rectangle } from "./geometry.ts";

/** An image of bytes, red, green and blue: `[height, width, 3]`. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** Columns and rows of a straightened plate, whatever its aspect: what the reader takes. */
export const PLATE_WIDTH = 144;
export const PLATE_HEIGHT = 48;

/** Samples per axis at most, where a plate is larger than what it becomes. */
const MOST_SAMPLES = 6;

/**
 * Straightens a plate: the quadrilateral becomes a rectangle, by a homography, with bilinear samples; each point is the mean of
 * as many samples as the plate has pixels there. Beyond the image, its edge continues.
 *
 * @returns null if the corners are degenerate
 */
export function straighten(
  image: Pixels,
  corners: Corners,
  width: number = PLATE_WIDTH,
  height: number = PLATE_HEIGHT,
): Pixels | null {
  const h = findHomography(rectangle(width, height), corners);
  if (h === null) return null;
  const across = samplesFor(sideOf(corners, 0), sideOf(corners, 2), width);
  const down = samplesFor(sideOf(corners, 1), sideOf(corners, 3), height);
  return { width, height, data: sampleMeans(image, h, { width, height, across, down }) };
}

/** Of each point, the mean of bilinear samples, `across` × `down` of them. @param h maps a point to the image */
function sampleMeans(
  { width: columns, height: rows, data: source }: Pixels,
  [h0, h1, h2, h3, h4, h5, h6, h7]: Homography,
  { width, height, across, down }: Readonly<Record<"width" | "height" | "across" | "down", number>>,
): Uint8Array {
  const data = new Uint8Array(width * height * 3);
  const share = 1 / (across * down);
  for (let row = 0, at = 0; row < height; row++)
    for (let column = 0; column < width; column++, at += 3) {
      let [red, green, blue] = [0, 0, 0];
      for (let j = 0; j < down; j++)
        for (let i = 0; i < across; i++) {
          const x = column + (i + 0.5) / across;
          const y = row + (j + 0.5) / down;
          const w = h6 * x + h7 * y + 1;
          const u = Math.min(Math.max((h0 * x + h1 * y + h2) / w - 0.5, 0), columns - 1);
          const v = Math.min(Math.max((h3 * x + h4 * y + h5) / w - 0.5, 0), rows - 1);
          const left = Math.trunc(u);
          const top = Math.trunc(v);
          const fx = u - left;
          const fy = v - top;
          const right = left + 1 < columns ? 3 : 0;
          const from = 3 * (top * columns + left);
          const below = top + 1 < rows ? from + 3 * columns : from;
          const [a, b, c, d] = [(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy];
          red += a * source[from] + b * source[from + right] + c * source[below] + d * source[below + right];
          green +=
            a * source[from + 1] + b * source[from + right + 1] + c * source[below + 1] + d * source[below + right + 1];
          blue +=
            a * source[from + 2] + b * source[from + right + 2] + c * source[below + 2] + d * source[below + right + 2];
        }
      data[at] = red * share + 0.5;
      data[at + 1] = green * share + 0.5;
      data[at + 2] = blue * share + 0.5;
    }
  return data;
}

function sideOf(corners: Corners, side: number): number {
  const [[ax, ay], [bx, by]] = [corners[side], corners[(side + 1) % 4]];
  return Math.hypot(bx - ax, by - ay);
}

function samplesFor(one: number, other: number, extent: number): number {
  return Math.min(MOST_SAMPLES, Math.max(1, Math.round(Math.max(one, other) / extent)));
}
