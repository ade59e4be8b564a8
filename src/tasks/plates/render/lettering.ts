import type { RandomStream } from "../../../tensor/random.ts";
import { digits, letters, plateColours, provinces, specials } from "../alphabet.ts";
import { type Canvas, type Colour, createCanvas, drawMask, fillGround, paintsOf } from "./flat.ts";
import { type GlyphSet, takeGlyph } from "./glyphs.ts";

/** Characters of a line: all of one kind or letters and digits, so that none begins as a plate does, by a province and a letter. */
const kinds: readonly (readonly string[])[] = [
  letters,
  letters,
  digits,
  [...letters, ...digits],
  [...provinces, ...specials],
];

/** Shares of the room of a character that are left between two. */
const MOST_GAP = 0.4;
const NARROW = new Set("1JL");
const WIDE = new Set("MWQ");

const contrasts = (a: Colour, b: Colour): boolean => Math.abs(a[0] + a[1] + a[2] - b[0] - b[1] - b[2]) > 180;

/** A ground and an ink: often those of a plate. */
function drawPaints(random: RandomStream): { readonly ground: Colour; readonly ink: Colour } {
  if (random.uniform() < 0.4) {
    const { ground, ink } = paintsOf(random, plateColours[random.integer(plateColours.length)]);
    return { ground: ground[1], ink };
  }
  const any = (): Colour => [255 * random.uniform(), 255 * random.uniform(), 255 * random.uniform()];
  const [ground, ink] = [any(), any()];
  if (contrasts(ground, ink)) return { ground, ink };
  return { ground, ink: ground[0] + ground[1] + ground[2] > 380 ? [20, 20, 20] : [240, 240, 240] };
}

/**
 * Draws a board with lettering that is no plate, in one to three lines: words and numbers that begin or end within the board, or run
 * beyond its edges.
 */
export function drawLettering(
  glyphs: GlyphSet,
  random: RandomStream,
  [width, height]: readonly [number, number],
): Canvas {
  const canvas = createCanvas(width, height);
  const { ground, ink } = drawPaints(random);
  fillGround(canvas, { ground: [ground, ground] });
  const lines = random.uniform() < 0.6 ? 1 : 2 + random.integer(2);
  const [face, room] = [random.integer(glyphs.faces.length), height / lines];
  for (let line = 0; line < lines; line++) {
    const high = room * (0.45 + 0.55 * random.uniform());
    writeLine(canvas, { glyphs, face, ink, high, top: room * line + (room - high) * random.uniform() }, random);
  }
  return canvas;
}

interface Line {
  readonly glyphs: GlyphSet;
  readonly face: number;
  readonly ink: Colour;
  readonly high: number;
  readonly top: number;
}

function writeLine(canvas: Canvas, { glyphs, face, ink, high, top }: Line, random: RandomStream): void {
  const kind = kinds[random.integer(kinds.length)];
  const aspect = kind.includes(provinces[0]) ? 0.8 + 0.3 * random.uniform() : 0.4 + 0.5 * random.uniform();
  const gap = MOST_GAP * random.uniform();
  const space = 0.25 * random.uniform();
  const stroke = { threshold: 0.25 + 0.45 * random.uniform(), softness: 0.3 + 0.5 * random.uniform() };
  const end = canvas.width * (random.uniform() < 0.5 ? 1.1 : 0.3 + 0.7 * random.uniform());
  let x = canvas.width * (random.uniform() < 0.5 ? -0.1 : 0.35 * random.uniform());
  while (x < end) {
    const character = kind[random.integer(kind.length)];
    const mask = takeGlyph(glyphs, face, "row", character);
    const wide = high * aspect * (NARROW.has(character) ? 0.6 : WIDE.has(character) ? 1.3 : 1);
    if (mask !== null) drawMask(canvas, mask, { x, y: top, width: wide, height: high }, ink, stroke);
    x += wide * (1 + gap) + (random.uniform() < space ? wide : 0);
  }
}
