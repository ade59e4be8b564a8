import { expect, test } from "vitest";
import { testGlyphs } from "../../../test/support/plates.ts";
import { BLANK, CHARACTER_SLOTS, SLOTS, UNLABELLED } from "./alphabet.ts";
import { balanceFirstCharacters, createPlateWriter, plateShapes } from "./batches.ts";
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

test("no province gives more first characters from real plates than from drawn ones", () => {
  const texts = [...Array.from({ length: 96 }, () => "皖A12345"), ...Array.from({ length: 4 }, () => "京A12345")];
  const drawnShare = 0.9;
  const chances = balanceFirstCharacters(texts, drawnShare);
  const drawn = (drawnShare * 0.8) / 31;
  expect(0.96 * (1 - drawnShare) * chances.get("皖")!).toBeCloseTo(drawn, 12);
  // 4 % of a tenth is less than what is drawn of a province.
  expect(chances.get("京")).toBe(1);
  expect(balanceFirstCharacters(texts, 0).get("京")).toBe(0);
});

test("a real plate's first character is learnt from as often as its chance says", () => {
  const batch = 400;
  const image = { width: 94, height: 24, data: new Uint8Array(94 * 24 * 3).fill(90) };
  const write = createPlateWriter({
    glyphs: testGlyphs,
    crops: [{ image, text: "皖A12345", learnsFirst: 0.25 }],
    drawnShare: 0,
    normalization: plateNormalization,
    plan: { batch, seed: 3, shuffle: false, indices: Uint32Array.from({ length: batch }, (_, index) => index) },
  });
  const labels = new BigInt64Array(batch * SLOTS);
  write(0, new Float32Array(batch * plateShapes.image.reduce((a, b) => a * b)), labels);
  const first = Array.from({ length: batch }, (_, index) => labels[index * SLOTS]);
  const learnt = first.filter((label) => label !== BigInt(UNLABELLED)).length;
  // 100 of 400, with a deviation of √(400 · 0.25 · 0.75) = 8.7.
  expect(Math.abs(learnt - 100)).toBeLessThan(3 * 8.7);
});
