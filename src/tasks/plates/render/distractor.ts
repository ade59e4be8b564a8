import type { RandomStream } from "../../../tensor/random.ts";
import { characters } from "../alphabet.ts";
import { type Canvas, createCanvas, drawCell, drawDisc } from "./flat.ts";
import type { GlyphSet } from "./glyphs.ts";

type Colour = readonly [number, number, number];

/**
 * What is like a plate and is none: a sign with too few or too many characters, in one to three lines; a grille; a blank plate; a disc
 * on a ground.
 */
export function drawDistractor(glyphs: GlyphSet, random: RandomStream): Canvas {
  const kind = random.uniform();
  const width = 80 + random.integer(160);
  const height = Math.round(width / (1 + 6 * random.uniform()));
  const canvas = createCanvas(width, Math.max(16, height));
  const any = (): Colour => [255 * random.uniform(), 255 * random.uniform(), 255 * random.uniform()];
  const ground = any();
  fill(canvas, ground);
  const ink = contrast(ground, any());
  if (kind < 0.55) writeSign(canvas, glyphs, ink, random);
  else if (kind < 0.75) drawGrille(canvas, ink, random);
  else if (kind < 0.85) drawDisc(canvas, [canvas.width / 2, canvas.height / 2], canvas.height * 0.35, ink, 1);
  return canvas;
}

function contrast(ground: Colour, ink: Colour): Colour {
  const light = (c: Colour): number => (c[0] + c[1] + c[2]) / 3;
  if (Math.abs(light(ground) - light(ink)) > 60) return ink;
  return light(ground) > 127 ? [20, 20, 20] : [240, 240, 240];
}

function fill({ data }: Canvas, [r, g, b]: Colour): void {
  for (let at = 0; at < data.length; at += 3) {
    data[at] = r;
    data[at + 1] = g;
    data[at + 2] = b;
  }
}

/** Lines of characters, of which no line has the number that a plate has, unless they are as large as a poster's. */
function writeSign(canvas: Canvas, glyphs: GlyphSet, ink: Colour, random: RandomStream): void {
  const lines = 1 + random.integer(3);
  const high = canvas.height / lines;
  for (let line = 0; line < lines; line++) {
    const count = random.uniform() < 0.6 ? 1 + random.integer(4) : 10 + random.integer(8);
    const wide = Math.min(canvas.width / count, high * (0.5 + 0.6 * random.uniform()));
    const start = random.uniform() * Math.max(0, canvas.width - wide * count);
    const isDigits = random.uniform() < 0.4;
    for (let index = 0; index < count; index++) {
      const character = characters[isDigits ? 38 + random.integer(10) : random.integer(characters.length)];
      const cell = { x: start + index * wide, y: line * high + 0.1 * high, width: 0.85 * wide, height: 0.75 * high };
      drawCell(canvas, glyphs, random.integer(glyphs.faces.length), character, cell, ink);
    }
  }
}

/** Bars at even distances. */
function drawGrille({ width, height, data }: Canvas, ink: Colour, random: RandomStream): void {
  const period = 3 + random.integer(12);
  const thick = 1 + random.integer(period - 1);
  const isUpright = random.uniform() < 0.5;
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at += 3)
      if ((isUpright ? x : y) % period < thick) for (let c = 0; c < 3; c++) data[at + c] = ink[c];
}
