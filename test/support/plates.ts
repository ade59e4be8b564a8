import { characters } from "../../src/tasks/plates/alphabet.ts";
import { collectGlyphs, type Glyph, type GlyphSet } from "../../src/tasks/plates/render/glyphs.ts";

/** Every character as a box with a bar at a place of its own: shapes that need no font. */
export const boxGlyphs: readonly Glyph[] = characters.map((character, index) => ({
  face: "boxes",
  style: "row",
  character,
  width: 20,
  height: 40,
  coverage: Uint8Array.from({ length: 800 }, (_, at) => {
    const [x, y] = [at % 20, Math.floor(at / 20)];
    return x < 3 || y < 3 || x > 16 || y > 36 || y === 4 + (index % 32) ? 255 : 0;
  }),
}));

export const testGlyphs: GlyphSet = collectGlyphs(boxGlyphs, "test");
