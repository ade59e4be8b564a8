import type { RandomStream } from "../../../tensor/random.ts";
import { type Canvas, type Colour, createCanvas, drawDisc, fillGround } from "./flat.ts";
import type { GlyphSet } from "./glyphs.ts";
import { drawLettering } from "./lettering.ts";

/** What is like a plate and is none: lettering, a grille, a blank plate, a disc on a ground. */
export function drawDistractor(glyphs: GlyphSet, random: RandomStream): Canvas {
  const kind = random.uniform();
  const width = 80 + random.integer(160);
  const height = Math.round(width / (1 + 6 * random.uniform()));
  if (kind < 0.65) return drawLettering(glyphs, random, [width, Math.max(16, height)]);
  const canvas = createCanvas(width, Math.max(16, height));
  const any = (): Colour => [255 * random.uniform(), 255 * random.uniform(), 255 * random.uniform()];
  const ground = any();
  fillGround(canvas, { ground: [ground, ground] });
  const ink = contrast(ground, any());
  if (kind < 0.8) drawGrille(canvas, ink, random);
  else if (kind < 0.9) drawDisc(canvas, [canvas.width / 2, canvas.height / 2], canvas.height * 0.35, ink, 1);
  return canvas;
}

function contrast(ground: Colour, ink: Colour): Colour {
  const light = (c: Colour): number => (c[0] + c[1] + c[2]) / 3;
  if (Math.abs(light(ground) - light(ink)) > 60) return ink;
  return light(ground) > 127 ? [20, 20, 20] : [240, 240, 240];
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
