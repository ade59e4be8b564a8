import { expect, test } from "vitest";
import { testGlyphs } from "../../../test/support/plates.ts";
import { BLANK, CHARACTER_SLOTS, SLOTS } from "./alphabet.ts";
import { createPlateWriter, plateShapes } from "./batches.ts";
import { plateNormalization } from "./planes.ts";

test("a fifth of the drawn samples are no plates, and are labelled so", () => {
  const batch = 200;
  const indices = Uint32Array.from({ length: batch }, (_, index) => index);
  const write = createPlateWriter({
    glyphs: testGlyphs,
    crops: [],
    drawnShare: 1,
    normalization: plateNormalization,
    plan: { batch, seed: 2, shuffle: false, indices },
  });
  const labels = new BigInt64Array(batch * SLOTS);
  write(0, new Float32Array(batch * plateShapes.image.reduce((a, b) => a * b)), labels);
  const blanks = Array.from(
    { length: batch },
    (_, index) =>
      labels.subarray(index * SLOTS, index * SLOTS + CHARACTER_SLOTS).filter((label) => label === BigInt(BLANK)).length,
  );
  // The others have seven or eight characters.
  expect(new Set(blanks)).toEqual(new Set([0, 1, CHARACTER_SLOTS]));
  // 40 of 200, with a deviation of √(200 · 0.2 · 0.8) = 5.7.
  const none = blanks.filter((count) => count === CHARACTER_SLOTS).length;
  expect(Math.abs(none - 40)).toBeLessThan(3 * 5.7);
});
