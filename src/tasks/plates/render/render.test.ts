import { expect, test } from "vitest";
import { randomStream } from "../../../tensor/random.ts";
import { characters, provinces } from "../alphabet.ts";
import { isPlateText } from "../grammar.ts";
import { isConvex } from "../geometry.ts";
import { blurFocus, compress } from "./degrade.ts";
import { createCanvas } from "./flat.ts";
import { collectGlyphs, takeGlyph } from "./glyphs.ts";
import { boxGlyphs as boxes, testGlyphs as glyphs } from "../../../../test/support/plates.ts";
import { renderNoPlate, renderPlate } from "./plate-image.ts";
import { drawLettering } from "./lettering.ts";
import { drawPose } from "./pose.ts";
import { renderScene, type Scene } from "./scene.ts";
import { drawPlateText } from "./text.ts";

test("equal seeds draw equal plates and scenes, byte for byte; others draw others", () => {
  const scene: Scene = { levels: [{ width: 90, height: 80, data: new Uint8Array(90 * 80 * 3).fill(90) }], plates: [] };
  const options = { glyphs, scenes: [scene], crop: 64, drawnShare: 1 };
  for (let index = 0; index < 6; index++) {
    const place = { seed: 3, epoch: 1, index };
    expect(renderPlate({ glyphs }, place)).toEqual(renderPlate({ glyphs }, place));
    expect(renderPlate({ glyphs }, place)).not.toEqual(renderPlate({ glyphs }, { ...place, epoch: 2 }));
    expect(renderScene(options, place)).toEqual(renderScene(options, place));
  }
});

test("equal seeds draw what is no plate equally, at the reader's size", () => {
  for (let index = 0; index < 6; index++) {
    const image = renderNoPlate({ glyphs }, { seed: 3, epoch: 1, index });
    expect(image).toMatchObject({ width: 144, height: 48 });
    expect(renderNoPlate({ glyphs }, { seed: 3, epoch: 1, index })).toEqual(image);
    expect(renderNoPlate({ glyphs }, { seed: 4, epoch: 1, index })).not.toEqual(image);
  }
});

test("lettering stands out from its ground: a board has pixels far from its commonest brightness", () => {
  for (let index = 0; index < 40; index++) {
    const { width, height, data } = drawLettering(glyphs, randomStream(6, "board", 0, index), [160, 50]);
    expect([width, height, data.length]).toEqual([160, 50, 3 * 160 * 50]);
    const lights = Array.from({ length: 160 * 50 }, (_, at) => data[3 * at] + data[3 * at + 1] + data[3 * at + 2]);
    const ground = lights.toSorted((a, b) => a - b)[lights.length / 2];
    // Ink is at least 180 of 765 from its ground.
    expect(lights.filter((light) => Math.abs(light - ground) > 90).length).toBeGreaterThan(0.01 * lights.length);
  }
});

test("texts are those of plates of their colour, and provinces are uniform", () => {
  const counts = new Map<string, number>();
  for (let index = 0; index < 3100; index++) {
    const { text, colour } = drawPlateText(randomStream(1, "text", 0, index));
    expect(isPlateText(text, colour), `${text} ${colour}`).toBe(true);
    counts.set(text[0], (counts.get(text[0]) ?? 0) + 1);
  }
  // 3100 draws over 31 provinces: 100 each, a deviation of 10.
  for (const province of provinces) expect(Math.abs((counts.get(province) ?? 0) - 100)).toBeLessThan(45);
});

test("poses have convex corners and the width that is wanted", () => {
  for (let index = 0; index < 200; index++) {
    const corners = drawPose(randomStream(2, "pose", 0, index), [440, 140], 100);
    expect(isConvex(corners)).toBe(true);
    const side = (a: number, b: number): number =>
      Math.hypot(corners[a][0] - corners[b][0], corners[a][1] - corners[b][1]);
    expect((side(0, 1) + side(3, 2)) / 2).toBeCloseTo(100, 6);
  }
});

test("plates of a scene lie where they are drawn: those of a plain scene differ from it there", () => {
  const scene: Scene = {
    levels: [{ width: 200, height: 200, data: new Uint8Array(200 * 200 * 3).fill(128) }],
    plates: [],
  };
  let seen = 0;
  for (let index = 0; index < 60; index++) {
    const { image, plates } = renderScene(
      { glyphs, scenes: [scene], crop: 128, drawnShare: 1 },
      { seed: 5, epoch: 0, index },
    );
    expect(image.data).toHaveLength(128 * 128 * 3);
    for (const { corners } of plates) expect(isConvex(corners)).toBe(true);
    seen += plates.length;
  }
  expect(seen).toBeGreaterThan(15);
});

test("a face that lacks a character is helped out by another; a character in none is refused", () => {
  const one = { ...boxes[0], face: "one" };
  const set = collectGlyphs([one, ...boxes], "test");
  expect(takeGlyph(set, 0, "green", characters[5])).not.toBeNull();
  expect(() => collectGlyphs(boxes.slice(1), "some folder")).toThrow(/some folder has no shape for 京/);
});

test("a blur keeps the mean, and JPEG's blocks keep a flat image", () => {
  const canvas = createCanvas(32, 24);
  const stream = randomStream(4, "canvas");
  canvas.data.forEach((_, at) => (canvas.data[at] = 100 + 20 * stream.normal()));
  const mean = (): number => canvas.data.reduce((a, b) => a + b) / canvas.data.length;
  const spread = (): number => canvas.data.reduce((a, b) => a + (b - 100) ** 2, 0);
  const before = [mean(), spread()];
  blurFocus(canvas, 1);
  expect(Math.abs(mean() - before[0])).toBeLessThan(1);
  expect(spread()).toBeLessThan(before[1] / 3);
  canvas.data.fill(120);
  compress(canvas, 50);
  // The mean of a block is quantised in steps of 16/8 = 2.
  canvas.data.forEach((value) => expect(Math.abs(value - 120)).toBeLessThanOrEqual(1));
});
