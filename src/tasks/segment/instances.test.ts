import { expect, test } from "vitest";
import { distanceToOutside } from "./data/distance.ts";
import { compareCells } from "./evaluate.ts";
import { type CellMaps, separateCells } from "./instances.ts";
import { measureCells } from "./measure.ts";

const [height, width] = [60, 80];

/** Discs, later ones over earlier ones. */
function drawDiscs(discs: readonly (readonly [row: number, column: number, radius: number])[]): Int32Array {
  const labels = new Int32Array(height * width);
  discs.forEach(([y, x, radius], index) => {
    for (let at = 0; at < labels.length; at++)
      if (Math.hypot(Math.floor(at / width) - y, (at % width) - x) <= radius) labels[at] = index + 1;
  });
  return labels;
}

/** The maps that a perfect network would give. */
function mapsOf(labels: Int32Array): CellMaps {
  const depths = distanceToOutside(labels, height, width);
  const deepest = new Map<number, number>();
  labels.forEach((label, at) => deepest.set(label, Math.max(deepest.get(label) ?? 0, depths[at])));
  return {
    height,
    width,
    foreground: Float32Array.from(labels, (label) => (label > 0 ? 0.9 : 0.1)),
    boundary: Float32Array.from(labels, (label, at) => (label > 0 && depths[at] < 2 ? 0.8 : 0)),
    distance: Float32Array.from(labels, (label, at) => (label > 0 ? depths[at] / deepest.get(label)! : 0)),
  };
}

test("cells that touch are told apart, and their borders lie where they were drawn", () => {
  const truth = drawDiscs([
    [20, 20, 10],
    [20, 39, 10],
    [42, 30, 8],
    [45, 60, 12],
  ]);
  const found = separateCells(mapsOf(truth));
  const { figures } = compareCells("discs", { height, width, truth, found });
  expect(figures).toMatchObject({ f1At50: 1, found: 4 });
  expect(figures.meanAp).toBe(1);
});

test("a hole in a cell is filled, a speck is dropped, and nothing is found in nothing", () => {
  const truth = drawDiscs([
    [20, 20, 10],
    [50, 70, 1],
  ]);
  const maps = mapsOf(truth);
  maps.foreground[20 * width + 20] = 0;
  const found = separateCells(maps);
  expect(found[20 * width + 20]).toBe(1);
  expect(Math.max(...found)).toBe(1);
  expect(separateCells(mapsOf(new Int32Array(height * width))).every((label) => label === 0)).toBe(true);
});

test("a disc of radius 10 has the perimeter 2π·10 within 5 %, its own centre and the mean of its points", () => {
  const labels = drawDiscs([[20, 30, 10]]);
  const samples = Float32Array.from(labels, (label, at) => (label > 0 ? at % width : 1000));
  const [cell] = measureCells(labels, { height, width, channels: 1, samples });
  expect(cell).toMatchObject({ id: 1, row: 20, column: 30, intensities: [{ mean: 30 }] });
  expect(Math.abs(cell.perimeter / (2 * Math.PI * 10) - 1)).toBeLessThan(0.05);
});
