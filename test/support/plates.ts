import type { NetworkCard } from "../../src/networks/card.ts";
import { exportOnnxChunks } from "../../src/networks/export.ts";
import { initializeState } from "../../src/nn/initialization.ts";
import { createModel } from "../../src/nn/models.ts";
import { characters } from "../../src/tasks/plates/alphabet.ts";
import { collectGlyphs, type Glyph, type GlyphSet } from "../../src/tasks/plates/render/glyphs.ts";
import type { PlatePart } from "../../src/tasks/plates/settings.ts";

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

/** A network with drawn weights: what it finds means nothing, and is always the same. */
export function drawnNetwork(part: PlatePart): Uint8Array {
  const name = part === "read" ? "plate-reader" : "plate-locator";
  const { module, options, imageShape } = createModel(name);
  const [channels, height, width] = imageShape;
  const card: NetworkCard = {
    model: { name, options },
    imageShape: [channels, height, width],
    data: "nothing",
    classes: Array.from({ length: options.classes }, (_, index) => String(index)),
    normalization: { mean: [0.5, 0.5, 0.5], deviation: [0.25, 0.25, 0.25] },
    task: { name: "plates", part, drawnShare: 1, samples: 1, glyphs: "/where/my glyphs" },
  };
  const pieces = exportOnnxChunks(card, initializeState(module, 0));
  return new Uint8Array(Buffer.concat(pieces));
}
