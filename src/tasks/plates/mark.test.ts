import { expect, test } from "vitest";
import type { Corners } from "./geometry.ts";
import { hidePlate, paintPlates, toCanvas } from "./mark.ts";

/** Stripes as narrow as a character's strokes: what must not survive. */
const stripes = {
  width: 200,
  height: 100,
  data: Uint8Array.from({ length: 3 * 200 * 100 }, (_, at) => (Math.floor(at / 3) % 4 < 2 ? 255 : 0)),
};
const corners: Corners = [
  [60, 30],
  [140, 40],
  [138, 66],
  [58, 56],
];

const at = (canvas: { readonly width: number; readonly data: Uint8Array }, x: number, y: number): number =>
  canvas.data[3 * (y * canvas.width + x)];

test("a hidden plate has at most eight values, around its edge too, and all else is as it was", () => {
  const canvas = toCanvas(stripes);
  hidePlate(canvas, corners);
  const inside = new Set<number>();
  for (let step = 0; step <= 60; step++)
    for (let down = 2; down <= 24; down++) inside.add(at(canvas, 66 + step, Math.round(31 + down + step / 8)));
  expect(inside.size).toBeLessThanOrEqual(8);
  for (const value of inside) expect(Math.abs(value - 127.5)).toBeLessThan(25);
  // The corner's outside, within the margin.
  expect(at(canvas, 59, 44)).not.toBe(at(toCanvas(stripes), 59, 44));
  for (const [x, y] of [
    [10, 10],
    [190, 90],
    [100, 5],
    [30, 50],
  ])
    expect(at(canvas, x, y)).toBe(at(toCanvas(stripes), x, y));
  expect(at(toCanvas(stripes), 0, 0)).toBe(255);
});

test("plates at the edge, beyond it and without an area are painted and hidden without an error", () => {
  const canvas = toCanvas(stripes);
  const outside: Corners = [
    [-20, -10],
    [30, -10],
    [30, 15],
    [-20, 15],
  ];
  const flat: Corners = [
    [5, 5],
    [5, 5],
    [5, 5],
    [5, 5],
  ];
  for (const plate of [outside, flat]) hidePlate(canvas, plate);
  paintPlates(canvas, [{ corners: outside }, { corners: flat }, { corners }]);
  expect(at(canvas, 100, 35)).toBe(255);
  expect(canvas.data).toHaveLength(stripes.data.length);
});
