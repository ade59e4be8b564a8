import { type Corners, findHomography, rectangle } from "./geometry.ts";

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
  const data = new Uint8Array(width * height * 3);
  const sum = new Float64Array(3);
  const count = across * down;
  const [h0, h1, h2, h3, h4, h5, h6, h7] = h;
  for (let row = 0, at = 0; row < height; row++)
    for (let column = 0; column < width; column++, at += 3) {
      sum[0] = sum[1] = sum[2] = 0;
      for (let j = 0; j < down; j++)
        for (let i = 0; i < across; i++) {
          const x = column + (i + 0.5) / across;
          const y = row + (j + 0.5) / down;
          const w = h6 * x + h7 * y + 1;
          addSample(image, (h0 * x + h1 * y + h2) / w, (h3 * x + h4 * y + h5) / w, sum);
        }
      data[at] = sum[0] / count + 0.5;
      data[at + 1] = sum[1] / count + 0.5;
      data[at + 2] = sum[2] / count + 0.5;
    }
  return { width, height, data };
}

function sideOf(corners: Corners, side: number): number {
  const [[ax, ay], [bx, by]] = [corners[side], corners[(side + 1) % 4]];
  return Math.hypot(bx - ax, by - ay);
}

function samplesFor(one: number, other: number, extent: number): number {
  return Math.min(MOST_SAMPLES, Math.max(1, Math.round(Math.max(one, other) / extent)));
}

/** Adds the bilinear sample at (x, y) to a sum. */
function addSample({ width, height, data }: Pixels, x: number, y: number, sum: Float64Array): void {
  const u = Math.min(Math.max(x - 0.5, 0), width - 1);
  const v = Math.min(Math.max(y - 0.5, 0), height - 1);
  const left = Math.floor(u);
  const top = Math.floor(v);
  const fx = u - left;
  const fy = v - top;
  const right = left + 1 < width ? 3 : 0;
  const below = top + 1 < height ? 3 * width : 0;
  const at = 3 * (top * width + left);
  for (let channel = 0; channel < 3; channel++) {
    const from = at + channel;
    const upper = data[from] + fx * (data[from + right] - data[from]);
    const lower = data[from + below] + fx * (data[from + below + right] - data[from + below]);
    sum[channel] += upper + fy * (lower - upper);
  }
}
