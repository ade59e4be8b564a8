import { type RandomStream, randomStream } from "../../../tensor/random.ts";
import type { PlateColour } from "../alphabet.ts";
import { type Corners, findHomography, mapPoint, type Point, rectangle } from "../geometry.ts";
import { type Pixels, straighten } from "../straighten.ts";
import { drawFrame, photograph, projectPlate } from "./camera.ts";
import { toBytes } from "./degrade.ts";
import { drawDistractor } from "./distractor.ts";
import { type Canvas, createCanvas, drawFlatPlate } from "./flat.ts";
import type { GlyphSet } from "./glyphs.ts";
import { drawPose } from "./pose.ts";
import { drawPlateText, type PlateText } from "./text.ts";

/** A plate as the reader sees it, with what it says. */
export interface PlateImage {
  readonly image: Pixels;
  readonly text: string;
  readonly colour: PlateColour;
  readonly rows: 1 | 2;
}

/** What is drawn how often. */
export interface RenderOptions {
  readonly glyphs: GlyphSet;
  /** Share of plates whose characters come from the last face, if there are several. Default 0.15. */
  readonly lastFaceShare?: number;
}

/** The face that a plate is drawn with. */
export function drawFace({ glyphs: { faces }, lastFaceShare = 0.15 }: RenderOptions, random: RandomStream): number {
  if (faces.length === 1) return 0;
  return random.uniform() < lastFaceShare ? faces.length - 1 : random.integer(faces.length - 1);
}

/** A car's body, roughly: bands of colour with a gradient. */
function fillSurroundings(canvas: Canvas, random: RandomStream): void {
  const { width, height, data } = canvas;
  const base = [0, 1, 2].map(() => 255 * random.uniform());
  const grey = random.uniform() < 0.6;
  const [slope, edge] = [60 * random.normal(), height * random.uniform()];
  const step = 60 * random.normal();
  for (let y = 0, at = 0; y < height; y++) {
    const shift = slope * (y / height - 0.5) + (y > edge ? step : 0);
    for (let x = 0; x < width; x++, at += 3) for (let c = 0; c < 3; c++) data[at + c] = base[grey ? 0 : c] + shift;
  }
}

/** Corners as a locator may find them: each side is moved, and then each corner, in shares of the plate's height. */
function misplace(random: RandomStream, [width, height]: readonly [number, number]): Corners {
  const side = (inside: number, outside: number): number => height * (random.uniform() * (inside + outside) - outside);
  const [left, top, right, bottom] = [side(0.06, 0.12), side(0.06, 0.1), side(0.06, 0.12), side(0.06, 0.1)];
  const near = (x: number, y: number): Point => [
    x + 0.03 * height * random.normal(),
    y + 0.03 * height * random.normal(),
  ];
  return [near(left, top), near(width - right, top), near(width - right, height - bottom), near(left, height - bottom)];
}

/** Draws a plate, photographs it and straightens it by corners that are nearly right. A function of (seed, epoch, index) alone. */
export function renderPlate(
  options: RenderOptions,
  { seed, epoch, index }: { readonly seed: number; readonly epoch: number; readonly index: number },
): PlateImage {
  const random = randomStream(seed, "draw plate", epoch, index);
  const plate = drawPlateText(random);
  return { ...plate, image: photographPlate(options, plate, random) };
}

/** What a locator may take for a plate and is none, straightened likewise. A function of (seed, epoch, index) alone. */
export function renderNoPlate(
  { glyphs }: RenderOptions,
  { seed, epoch, index }: { readonly seed: number; readonly epoch: number; readonly index: number },
): Pixels {
  const random = randomStream(seed, "draw no plate", epoch, index);
  return photographFlat(drawDistractor(glyphs, random), random);
}

/** Draws and straightens one plate. */
function photographPlate(options: RenderOptions, plate: PlateText, random: RandomStream): Pixels {
  return photographFlat(drawFlatPlate(plate, options.glyphs, drawFace(options, random), random), random);
}

/** Poses, photographs and straightens what lies flat. */
function photographFlat(flat: Canvas, random: RandomStream): Pixels {
  const size = [flat.width, flat.height] as const;
  for (;;) {
    const wide = 45 * Math.exp(Math.log(170 / 45) * random.uniform());
    const centred = drawPose(random, size, wide);
    const [xs, ys] = [centred.map(([x]) => x), centred.map(([, y]) => y)];
    const margin = 3 + 0.12 * wide;
    const [left, top] = [Math.min(...xs) - margin, Math.min(...ys) - margin];
    const corners = centred.map(([x, y]): Point => [x - left, y - top]) as unknown as Corners;
    const canvas = createCanvas(Math.ceil(Math.max(...xs) + margin - left), Math.ceil(Math.max(...ys) + margin - top));
    const forward = findHomography(rectangle(...size), corners);
    if (forward === null) continue;
    fillSurroundings(canvas, random);
    projectPlate(canvas, flat, corners, drawFrame(random));
    photograph(canvas, wide, random, 0.15);
    const taken = misplace(random, size).map((point) => mapPoint(forward, point)) as unknown as Corners;
    const image = { width: canvas.width, height: canvas.height, data: toBytes(canvas) };
    const straight = straighten(image, taken);
    if (straight !== null) return straight;
  }
}
