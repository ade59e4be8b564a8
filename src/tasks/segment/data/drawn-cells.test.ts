import { expect, test } from "vitest";
import { OptionError } from "../../../tensor/errors.ts";
import { labelComponents } from "./components.ts";
import { type DrawnCells, drawCells } from "./drawn-cells.ts";
import { countCells } from "./set.ts";

const size = { height: 120, width: 160 };
const meanWhere = ({ image, mask }: DrawnCells, isIn: (id: number) => boolean): number => {
  const places = Array.from(mask.keys()).filter((at) => isIn(mask[at]));
  return places.reduce((sum, at) => sum + image.samples[at], 0) / places.length;
};

test("equal options draw equal images, another index or seed draws another", () => {
  const summary = (options: { readonly seed: number; readonly index?: number }): string => {
    const { image, mask } = drawCells({ ...size, cells: 20, ...options });
    return `${image.samples.join("")} ${mask.join("")}`;
  };
  const first = summary({ seed: 4 });
  expect(summary({ seed: 4 }) === first).toBe(true);
  for (const other of [{ seed: 5 }, { seed: 4, index: 1 }]) expect(summary(other) === first).toBe(false);
});

test("every cell has its number in the mask, cells lie over each other, and each keeps most of its points", () => {
  const drawn = drawCells({ seed: 1, ...size, cells: 60, overlap: 0.3 });
  expect(countCells(drawn.mask)).toBe(drawn.count);
  const { count } = labelComponents((at) => drawn.mask[at] > 0, size);
  // Cells that touch are one part of the foreground.
  expect(count).toBeLessThan(drawn.count);
  for (let id = 1; id <= drawn.count; id++)
    expect(drawn.mask.reduce((sum, own) => sum + (own === id ? 1 : 0), 0)).toBeGreaterThan(8);
});

test("cells are brighter than the dark and darker than the bright background, and the light falls off", () => {
  const dark = drawCells({ seed: 2, ...size, cells: 20 });
  const bright = drawCells({ seed: 2, ...size, cells: 20, bright: true });
  expect(bright.mask.join() === dark.mask.join()).toBe(true);
  expect(meanWhere(dark, (id) => id > 0)).toBeGreaterThan(2 * meanWhere(dark, (id) => id === 0));
  expect(meanWhere(bright, (id) => id > 0)).toBeLessThan(0.8 * meanWhere(bright, (id) => id === 0));
  const flat = drawCells({ seed: 2, ...size, cells: 0, bright: true, shading: 0, noise: 0 }).image.samples;
  const shaded = drawCells({ seed: 2, ...size, cells: 0, bright: true, shading: 0.6, noise: 0 }).image.samples;
  const spread = (samples: ArrayLike<number>): number =>
    Math.max(...Array.from(samples)) - Math.min(...Array.from(samples));
  expect(spread(shaded)).toBeGreaterThan(2 * spread(flat));
});

test("10 bits stay below 1024 in samples of 16, colours have three channels, and a nucleus lies in its body", () => {
  const deep = drawCells({ seed: 3, ...size, cells: 10, bits: 10 }).image;
  expect(deep.samples).toBeInstanceOf(Uint16Array);
  expect(Math.max(...deep.samples)).toBeLessThan(1024);
  expect(Math.max(...deep.samples)).toBeGreaterThan(255);
  const { image, mask, classes } = drawCells({ seed: 3, ...size, cells: 10, channels: 3 });
  expect(image.samples).toHaveLength(3 * mask.length);
  expect(classes.every((label, at) => (label === 0) === (mask[at] === 0))).toBe(true);
  const nuclei = classes.reduce((sum, label) => sum + (label === 2 ? 1 : 0), 0);
  const cells = classes.reduce((sum, label) => sum + (label > 0 ? 1 : 0), 0);
  expect(nuclei / cells).toBeGreaterThan(0.15);
  expect(nuclei / cells).toBeLessThan(0.5);
});

test("a cell may be one point, an image may have none, and what cannot be drawn is refused", () => {
  const { mask, count } = drawCells({ seed: 1, ...size, cells: 30, radius: [0.2, 0.4], overlap: 0 });
  expect(count).toBe(30);
  expect(mask.reduce((sum, id) => sum + (id > 0 ? 1 : 0), 0)).toBe(30);
  expect(drawCells({ seed: 1, ...size, cells: 0 }).count).toBe(0);
  for (const wrong of [{ height: 0 }, { cells: 70_000 }, { overlap: 1 }, { radius: [4, 2] as const }])
    expect(() => drawCells({ seed: 1, ...size, cells: 3, ...wrong })).toThrow(OptionError);
});
