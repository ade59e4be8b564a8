import { OptionError } from "../../../tensor/errors.ts";
import { characters, classOf } from "../alphabet.ts";

/** Where on plates a glyph's shape is used: one row, green plates, the rows of a plate with two. */
export const glyphStyles = ["row", "green", "top", "bottom"] as const;
export type GlyphStyle = (typeof glyphStyles)[number];

/** Columns and rows of a stored glyph, whatever its aspect on the plate. */
export const GLYPH_WIDTH = 48;
export const GLYPH_HEIGHT = 64;
const GLYPH_SIZE = GLYPH_WIDTH * GLYPH_HEIGHT;

/** Shapes of characters, as plain data that threads share. */
export interface GlyphSet {
  /** Names of the sources, such as of a font. */
  readonly faces: readonly string[];
  /** For each face, style and character: the place of its mask, or −1. */
  readonly places: Int32Array;
  /** Coverage 0 to 255, `[masks, GLYPH_HEIGHT, GLYPH_WIDTH]`. */
  readonly masks: Uint8Array;
}

/** A character's shape from a file or a font. */
export interface Glyph {
  readonly face: string;
  readonly style: GlyphStyle;
  readonly character: string;
  readonly width: number;
  readonly height: number;
  /** Coverage 0 to 255, `[height, width]`. */
  readonly coverage: Uint8Array;
}

/** First and last index along an axis with ink. */
function inkRange(count: number, hasInk: (index: number) => boolean): readonly [number, number] {
  let [first, last] = [0, count - 1];
  while (first < last && !hasInk(first)) first++;
  while (last > first && !hasInk(last)) last--;
  return [first, last + 1];
}

/** A narrow glyph, such as 1, keeps room at its sides; others fill the width of a character. Widths over the height. */
const NARROW = 0.33;
const ROOM = 0.5;

/** Brings a glyph's ink to the stored size, by means over areas, and softens it, so that its strokes can be made thinner or bolder. */
function fitGlyph({ width, height, coverage }: Glyph): Uint8Array {
  const [top, bottom] = inkRange(height, (row) =>
    coverage.subarray(row * width, (row + 1) * width).some((v) => v > 127),
  );
  const hasInk = (column: number): boolean => {
    for (let row = top; row < bottom; row++) if (coverage[row * width + column] > 127) return true;
    return false;
  };
  const ink = inkRange(width, hasInk);
  const high = bottom - top;
  const room = ink[1] - ink[0] < NARROW * high ? (ROOM * high - (ink[1] - ink[0])) / 2 : 0;
  const [left, right] = [ink[0] - room, ink[1] + room];
  const mask = new Float32Array(GLYPH_SIZE);
  for (let row = 0; row < GLYPH_HEIGHT; row++)
    for (let column = 0; column < GLYPH_WIDTH; column++) {
      let sum = 0;
      for (let j = 0; j < 4; j++)
        for (let i = 0; i < 4; i++) {
          const x = Math.floor(left + ((column + (i + 0.5) / 4) / GLYPH_WIDTH) * (right - left));
          const y = Math.floor(top + ((row + (j + 0.5) / 4) / GLYPH_HEIGHT) * (bottom - top));
          if (x >= 0 && x < width) sum += coverage[y * width + x];
        }
      mask[row * GLYPH_WIDTH + column] = sum / 16;
    }
  return Uint8Array.from(soften(mask), Math.round);
}

/** A 3 × 3 mean; beyond the edge is no ink. */
function soften(mask: Float32Array): Float32Array {
  const out = new Float32Array(GLYPH_SIZE);
  for (let row = 0; row < GLYPH_HEIGHT; row++)
    for (let column = 0; column < GLYPH_WIDTH; column++) {
      let sum = 0;
      for (let y = Math.max(0, row - 1); y <= Math.min(GLYPH_HEIGHT - 1, row + 1); y++)
        for (let x = Math.max(0, column - 1); x <= Math.min(GLYPH_WIDTH - 1, column + 1); x++)
          sum += mask[y * GLYPH_WIDTH + x];
      out[row * GLYPH_WIDTH + column] = sum / 9;
    }
  return out;
}

const placeOf = (face: number, style: GlyphStyle, character: number): number =>
  (face * glyphStyles.length + glyphStyles.indexOf(style)) * characters.length + character;

/**
 * Collects glyphs; of two with one face, style and character, the later counts.
 *
 * @throws {OptionError} if characters have no glyph in any face
 */
export function collectGlyphs(glyphs: readonly Glyph[], where: string): GlyphSet {
  const faces = [...new Set(glyphs.map(({ face }) => face))];
  const places = new Int32Array(faces.length * glyphStyles.length * characters.length).fill(-1);
  const masks = new Uint8Array(new SharedArrayBuffer(glyphs.length * GLYPH_SIZE));
  glyphs.forEach((glyph, index) => {
    const character = classOf(glyph.character);
    if (character === undefined) return;
    masks.set(fitGlyph(glyph), index * GLYPH_SIZE);
    places[placeOf(faces.indexOf(glyph.face), glyph.style, character)] = index;
  });
  const set = { faces, places, masks };
  const missing = characters.filter((character) =>
    faces.every((_, face) => findGlyph(set, face, "row", character) === null),
  );
  if (missing.length > 0)
    throw new OptionError(
      "glyphs",
      `${where} has no shape for ${missing.join("")}; add pictures whose names end in these characters`,
    );
  return set;
}

/** Styles to look in, in this order. */
const fallbacks: Readonly<Record<GlyphStyle, readonly GlyphStyle[]>> = {
  row: ["row", "green", "bottom", "top"],
  green: ["green", "row"],
  top: ["top", "row"],
  bottom: ["bottom", "row", "green"],
};

/** A character's mask in a face; null if the face has none. */
function findGlyph({ places, masks }: GlyphSet, face: number, style: GlyphStyle, character: string): Uint8Array | null {
  const index = classOf(character);
  if (index === undefined) return null;
  for (const name of fallbacks[style]) {
    const place = places[placeOf(face, name, index)];
    if (place >= 0) return masks.subarray(place * GLYPH_SIZE, (place + 1) * GLYPH_SIZE);
  }
  return null;
}

/** A character's mask in a face, or in any other face if that has none. */
export function takeGlyph(set: GlyphSet, face: number, style: GlyphStyle, character: string): Uint8Array | null {
  for (let step = 0; step < set.faces.length; step++) {
    const found = findGlyph(set, (face + step) % set.faces.length, style, character);
    if (found !== null) return found;
  }
  return null;
}
