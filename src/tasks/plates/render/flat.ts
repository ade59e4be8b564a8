import type { RandomStream } from "../../../tensor/random.ts";
import type { PlateColour } from "../alphabet.ts";
import { GLYPH_HEIGHT, GLYPH_WIDTH, type GlyphSet, type GlyphStyle, takeGlyph } from "./glyphs.ts";
import type { PlateText } from "./text.ts";

/** An image in drawing: red, green and blue as floats 0 to 255, `[height, width, 3]`. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

export function createCanvas(width: number, height: number): Canvas {
  return { width, height, data: new Float32Array(width * height * 3) };
}

/** Pixels of a flat plate per millimetre of a real one. */
const FLAT_SCALE = 0.5;

/** Size of a plate in millimetres. @source GA 36-2018, table 1 */
function plateSize({ colour, rows }: PlateText): readonly [width: number, height: number] {
  return rows === 2 ? [440, 220] : [colour === "green" ? 480 : 440, 140];
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A character with its box in millimetres. */
interface Cell extends Box {
  readonly character: string;
  readonly style: GlyphStyle;
}

/** Where characters stand. @source GA 36-2018, figures 1 to 8; the new energy plates' from its figure 4 */
function layOut({ text, colour, rows }: PlateText): readonly Cell[] {
  const all = Array.from(text);
  if (rows === 2)
    return all.map((character, index) =>
      index < 2
        ? { character, style: "top", x: 110 + 140 * index, y: 15, width: 80, height: 60 }
        : { character, style: "bottom", x: 27.5 + 80 * (index - 2), y: 90, width: 65, height: 110 },
    );
  if (colour === "green")
    return all.map((character, index) => ({
      character,
      style: "green",
      x: index === 0 ? 15.5 : index === 1 ? 69.5 : 161.5 + 52 * (index - 2),
      y: 25,
      width: index === 0 ? 45 : 43,
      height: 90,
    }));
  return all.map((character, index) => ({
    character,
    style: "row",
    x: index < 2 ? 15.5 + 57 * index : 151.5 + 57 * (index - 2),
    y: 25,
    width: 45,
    height: 90,
  }));
}

export type Colour = readonly [red: number, green: number, blue: number];

const vary = (random: RandomStream, [r, g, b]: Colour, by: number): Colour => [
  r + by * (2 * random.uniform() - 1),
  g + by * (2 * random.uniform() - 1),
  b + by * (2 * random.uniform() - 1),
];

/** Paints of a plate. */
interface Paints {
  /** The ground at the upper and at the lower edge. */
  readonly ground: readonly [Colour, Colour];
  /** The ground of the left third, if it is another. */
  readonly left?: Colour;
  readonly ink: Colour;
  readonly line: Colour;
}

/** The paints of a plate of a colour. */
export function paintsOf(random: RandomStream, colour: PlateColour): Paints {
  const plain = (ground: Colour, ink: Colour, line: Colour): Paints => ({ ground: [ground, ground], ink, line });
  const dark = vary(random, [25, 25, 28], 20);
  const bright = vary(random, [235, 235, 238], 20);
  if (colour === "blue") return plain(vary(random, [22, 62, 158], 38), bright, bright);
  if (colour === "yellow") return plain(vary(random, [238, 176, 26], 34), dark, dark);
  if (colour === "white") return plain(vary(random, [228, 228, 230], 24), dark, dark);
  if (colour === "black") return plain(vary(random, [26, 26, 30], 22), bright, bright);
  const [top, low] = [vary(random, [222, 240, 228], 20), vary(random, [70, 195, 120], 34)];
  if (random.uniform() < 0.2)
    return { ground: [low, low], left: vary(random, [240, 185, 40], 25), ink: dark, line: dark };
  return { ground: [top, low], ink: dark, line: dark };
}

/** Columns of the yellow part of a large new energy car's plate. */
const LEFT_PART = 75;

export function fillGround(
  { width, height, data }: Canvas,
  { ground: [top, low], left }: Pick<Paints, "ground" | "left">,
): void {
  for (let y = 0, at = 0; y < height; y++) {
    const share = y / (height - 1);
    const [r, g, b] = [0, 1, 2].map((c) => top[c] + share * (low[c] - top[c]));
    for (let x = 0; x < width; x++, at += 3) {
      const own = left !== undefined && x < LEFT_PART;
      data[at] = own ? left[0] : r;
      data[at + 1] = own ? left[1] : g;
      data[at + 2] = own ? left[2] : b;
    }
  }
}

function blend({ width, data }: Canvas, x: number, y: number, [r, g, b]: Colour, share: number): void {
  const at = 3 * (y * width + x);
  data[at] += share * (r - data[at]);
  data[at + 1] += share * (g - data[at + 1]);
  data[at + 2] += share * (b - data[at + 2]);
}

/** How strokes are drawn: the coverage at which ink begins, and how sharply. */
interface Stroke {
  readonly threshold: number;
  readonly softness: number;
}

function drawGlyph(canvas: Canvas, mask: Uint8Array, cell: Box, ink: Colour, { threshold, softness }: Stroke): void {
  const [x0, y0] = [cell.x * FLAT_SCALE, cell.y * FLAT_SCALE];
  const [w, h] = [cell.width * FLAT_SCALE, cell.height * FLAT_SCALE];
  const [stepX, stepY] = [GLYPH_WIDTH / w, GLYPH_HEIGHT / h];
  const right = Math.min(canvas.width - 1, Math.ceil(x0 + w));
  const bottom = Math.min(canvas.height - 1, Math.ceil(y0 + h));
  for (let y = Math.max(0, Math.floor(y0)); y <= bottom; y++) {
    const v = (y + 0.5 - y0) * stepY - 0.5;
    const top = Math.floor(v);
    const fy = v - top;
    const upperShare = top >= 0 && top < GLYPH_HEIGHT ? 1 - fy : 0;
    const lowerShare = top >= -1 && top + 1 < GLYPH_HEIGHT ? fy : 0;
    const upperRow = top * GLYPH_WIDTH;
    for (let x = Math.max(0, Math.floor(x0)); x <= right; x++) {
      const u = (x + 0.5 - x0) * stepX - 0.5;
      const left = Math.floor(u);
      const fx = u - left;
      const one = left >= 0 && left < GLYPH_WIDTH ? 1 - fx : 0;
      const other = left >= -1 && left + 1 < GLYPH_WIDTH ? fx : 0;
      let coverage = 0;
      const at = upperRow + left;
      if (upperShare > 0)
        coverage += upperShare * ((one > 0 ? one * mask[at] : 0) + (other > 0 ? other * mask[at + 1] : 0));
      if (lowerShare > 0)
        coverage +=
          lowerShare *
          ((one > 0 ? one * mask[at + GLYPH_WIDTH] : 0) + (other > 0 ? other * mask[at + GLYPH_WIDTH + 1] : 0));
      const share = Math.min(1, (coverage / 255 - threshold) / softness + 0.5);
      if (share > 0) blend(canvas, x, y, ink, share);
    }
  }
}

export function drawDisc(
  canvas: Canvas,
  [cx, cy]: readonly [number, number],
  radius: number,
  paint: Colour,
  share: number,
): void {
  const bottom = Math.min(canvas.height - 1, Math.ceil(cy + radius));
  const right = Math.min(canvas.width - 1, Math.ceil(cx + radius));
  for (let y = Math.max(0, Math.floor(cy - radius)); y <= bottom; y++)
    for (let x = Math.max(0, Math.floor(cx - radius)); x <= right; x++) {
      const cover = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(x + 0.5 - cx, y + 0.5 - cy)));
      if (cover > 0) blend(canvas, x, y, paint, share * cover);
    }
}

function drawLine(canvas: Canvas, paint: Colour, inset: number, thickness: number): void {
  const { width, height } = canvas;
  const reach = Math.ceil(inset + thickness);
  for (let y = 0; y < height; y++) {
    const isEdge = y < reach || y >= height - reach;
    for (let x = 0; x < width; x++) {
      if (!isEdge && x === reach) x = width - reach;
      const depth = Math.min(x + 0.5, y + 0.5, width - x - 0.5, height - y - 0.5);
      const share = Math.min(1, thickness / 2 + 0.5 - Math.abs(depth - inset));
      if (share > 0) blend(canvas, x, y, paint, share);
    }
  }
}

/** Draws a character's mask into a box, in pixels. */
export function drawMask(
  canvas: Canvas,
  mask: Uint8Array,
  { x, y, width, height }: Box,
  ink: Colour,
  stroke: Stroke,
): void {
  const [left, top] = [x / FLAT_SCALE, y / FLAT_SCALE];
  drawGlyph(canvas, mask, { x: left, y: top, width: width / FLAT_SCALE, height: height / FLAT_SCALE }, ink, stroke);
}

const RED: Colour = [200, 30, 30];

/** The colour of a character: 警, and 使 and 领 on some plates, are red. */
function inkOf(random: RandomStream, character: string, ink: Colour): Colour {
  const isRed = character === "警" || ((character === "使" || character === "领") && random.uniform() < 0.5);
  return isRed ? vary(random, RED, 25) : ink;
}

/** Screws, dirt and scratches. */
function spoil(canvas: Canvas, random: RandomStream): void {
  const { width, height } = canvas;
  if (random.uniform() < 0.6) {
    const paint = vary(random, pick3(random), 30);
    const radius = 2 + 2.5 * random.uniform();
    const [x, y] = [width * (0.2 + 0.08 * random.uniform()), height * (0.06 + 0.06 * random.uniform())];
    const isLower = random.uniform() < 0.5;
    for (const [sx, sy] of [
      [x, y],
      [width - x, y],
      ...(isLower
        ? [
            [x, height - y],
            [width - x, height - y],
          ]
        : []),
    ])
      drawDisc(canvas, [sx, sy], radius, paint, 0.9);
  }
  const blots = random.uniform() < 0.3 ? 1 + random.integer(12) : 0;
  const paint = vary(random, [120, 105, 85], 50);
  for (let blot = 0; blot < blots; blot++) {
    const centre = [width * random.uniform(), height * random.uniform()] as const;
    drawDisc(canvas, centre, 1 + 9 * random.uniform() ** 3, paint, 0.25 + 0.6 * random.uniform());
  }
}

function pick3(random: RandomStream): Colour {
  return [
    [200, 200, 205],
    [40, 40, 45],
    [150, 140, 120],
  ][random.integer(3)] as unknown as Colour;
}

/** Draws a plate from the front, in even light, at {@link FLAT_SCALE}. */
export function drawFlatPlate(plate: PlateText, glyphs: GlyphSet, face: number, random: RandomStream): Canvas {
  const [width, height] = plateSize(plate).map((side) => Math.round(side * FLAT_SCALE));
  const canvas = createCanvas(width, height);
  const paints = paintsOf(random, plate.colour);
  const { ink, line } = paints;
  fillGround(canvas, paints);
  if (random.uniform() < 0.85) drawLine(canvas, line, 1 + 2 * random.uniform(), 0.7 + 1.3 * random.uniform());
  const stroke = { threshold: 0.35 + 0.3 * random.uniform(), softness: 0.3 + 0.5 * random.uniform() };
  // Old plates, and frames that were pressed by hand, keep to the standard only roughly.
  const stretch = 1 + 0.05 * (2 * random.uniform() - 1);
  const [shiftX, shiftY] = [4 * random.normal(), 3 * random.normal()];
  const middle = width / FLAT_SCALE / 2;
  for (const cell of layOut(plate)) {
    const mask = takeGlyph(glyphs, face, cell.style, cell.character);
    if (mask === null) continue;
    const moved = {
      ...cell,
      x: middle + (cell.x - middle) * stretch + shiftX + random.normal(),
      y: cell.y + shiftY + 0.8 * random.normal(),
      width: cell.width * (1 + 0.04 * random.normal()),
    };
    drawGlyph(canvas, mask, moved, inkOf(random, cell.character, ink), stroke);
  }
  if (plate.rows === 1 && plate.colour !== "green" && random.uniform() < 0.9)
    drawDisc(canvas, [(middle + (134 - middle) * stretch + shiftX) * FLAT_SCALE, 35], 2.2 + random.uniform(), ink, 1);
  if (plate.rows === 2) drawDisc(canvas, [110, 22], 2.5, ink, 1);
  if (plate.colour === "green")
    drawDisc(canvas, [68, 35], 6 + 3 * random.uniform(), vary(random, [70, 120, 150], 60), 0.8);
  spoil(canvas, random);
  return canvas;
}

/** Halves an image, by means over 2 × 2 points. */
export function halve({ width, height, data }: Canvas): Canvas {
  const half = createCanvas(width >> 1, height >> 1);
  for (let y = 0, at = 0; y < half.height; y++)
    for (let x = 0; x < half.width; x++)
      for (let c = 0; c < 3; c++, at++) {
        const from = 3 * (2 * y * width + 2 * x) + c;
        half.data[at] = (data[from] + data[from + 3] + data[from + 3 * width] + data[from + 3 * width + 3]) / 4;
      }
  return half;
}
