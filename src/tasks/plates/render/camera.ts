import type { RandomStream } from "../../../tensor/random.ts";
import { boxOf, type Corners, findHomography, rectangle } from "../geometry.ts";
import { addNoise, addShade, blurFocus, blurMotion, compress, drawLight, relight } from "./degrade.ts";
import { type Canvas, halve } from "./flat.ts";

type Colour = readonly [number, number, number];

/** What surrounds a plate: a frame of some width in pixels of the flat plate, and how far it covers the plate's own edge. */
export interface Frame {
  readonly outside: number;
  readonly inside: number;
  readonly paint: Colour;
}

/** A frame, often none. */
export function drawFrame(random: RandomStream): Frame {
  const grey = random.uniform() < 0.6 ? 15 + 60 * random.uniform() : 120 + 120 * random.uniform();
  const paint: Colour = [grey + 8 * random.normal(), grey + 8 * random.normal(), grey + 8 * random.normal()];
  const isFramed = random.uniform() < 0.45;
  return isFramed
    ? { outside: 1 + 9 * random.uniform(), inside: 3.5 * random.uniform(), paint }
    : { outside: 0, inside: 0, paint };
}

/** Draws a flat plate into an image, so that its corners come where they are wanted. */
export function projectPlate(canvas: Canvas, plate: Canvas, corners: Corners, frame: Frame): void {
  const size = [plate.width, plate.height] as const;
  const wide = Math.hypot(corners[1][0] - corners[0][0], corners[1][1] - corners[0][1]);
  let flat = plate;
  // A plate that is drawn much smaller is made smaller first, or points between samples would be lost.
  for (let ratio = plate.width / wide; ratio > 1.6; ratio /= 2) flat = halve(flat);
  const back = findHomography(corners, rectangle(...size));
  if (back === null) return;
  const h = Float64Array.from(back);
  const { data: source, width: columns, height: lines } = flat;
  const { width, height, data } = canvas;
  const perPixel = plate.width / wide;
  const grow = frame.outside / perPixel + 2;
  const [left, top, right, bottom] = boxOf(corners);
  const [scaleX, scaleY] = [flat.width / size[0], flat.height / size[1]];
  for (let y = Math.max(0, Math.floor(top - grow)); y < Math.min(height, bottom + grow); y++)
    for (let x = Math.max(0, Math.floor(left - grow)); x < Math.min(width, right + grow); x++) {
      const w = h[6] * (x + 0.5) + h[7] * (y + 0.5) + 1;
      const u = (h[0] * (x + 0.5) + h[1] * (y + 0.5) + h[2]) / w;
      const v = (h[3] * (x + 0.5) + h[4] * (y + 0.5) + h[5]) / w;
      const depth = Math.min(u, v, plate.width - u, plate.height - v);
      const share = Math.min(1, (depth + frame.outside) / perPixel + 0.5);
      if (!(share > 0)) continue;
      const isFrame = frame.outside > 0 && depth < frame.inside;
      const at = 3 * (y * width + x);
      const su = Math.min(columns - 1, Math.max(0, u * scaleX - 0.5));
      const sv = Math.min(lines - 1, Math.max(0, v * scaleY - 0.5));
      const l = Math.floor(su);
      const t = Math.floor(sv);
      const fx = su - l;
      const fy = sv - t;
      const dx = l + 1 < columns ? 3 : 0;
      const dy = t + 1 < lines ? 3 * columns : 0;
      const start = 3 * (t * columns + l);
      for (let c = 0; c < 3; c++) {
        const from = start + c;
        const upper = source[from] + fx * (source[from + dx] - source[from]);
        const lower = source[from + dy] + fx * (source[from + dy + dx] - source[from + dy]);
        const value = isFrame ? frame.paint[c] : upper + fy * (lower - upper);
        data[at + c] += share * (value - data[at + c]);
      }
    }
}

/**
 * What a camera does to a scene: light, shadows and glare, blur by focus and motion, noise, JPEG.
 *
 * @param scale pixels of the plate's width, by which blurs are measured
 */
export function photograph(canvas: Canvas, scale: number, random: RandomStream, greyShare: number): void {
  if (random.uniform() < 0.3) addShade(canvas, random);
  const light = drawLight(random, greyShare);
  relight(canvas, light);
  const kind = random.uniform();
  if (kind < 0.7)
    blurFocus(canvas, Math.abs(random.normal()) * 0.35 + (kind < 0.2 ? 0.012 * scale * random.uniform() : 0));
  if (random.uniform() < 0.2) blurMotion(canvas, (scale / 140) * 9 * random.uniform(), Math.PI * random.uniform());
  if (random.uniform() < 0.7) addNoise(canvas, 2 + 18 * random.uniform() ** 3, random);
  if (random.uniform() < 0.55) compress(canvas, 20 + 70 * random.uniform());
}
