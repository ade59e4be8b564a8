import { labelComponents } from "../../data/segmentation/components.ts";
import { floodFromSeeds } from "./watershed.ts";

/** What a network says of the points of an image. */
export interface CellMaps {
  readonly height: number;
  readonly width: number;
  /** Probability of a point to be of a cell, its boundary included. */
  readonly foreground: Float32Array;
  /** Probability of a point to be on a boundary. */
  readonly boundary: Float32Array;
  /** Depth in the cell, 0 to 1. */
  readonly distance: Float32Array;
}

/** How cells are told apart. */
export interface InstanceOptions {
  /** Least probability of a point to belong to a cell. */
  readonly foreground: number;
  /** Least depth of a cell's seed, boundaries taken off. */
  readonly seed: number;
  /** How much a boundary's probability takes off the depth. */
  readonly boundaryWeight: number;
  /** Fewer points are no cell. */
  readonly minimumArea: number;
  /** Fewer points are no seed. */
  readonly minimumSeed: number;
}

/** Where nothing else is asked for. */
export const standardInstanceOptions: InstanceOptions = {
  foreground: 0.5,
  seed: 0.45,
  boundaryWeight: 0.5,
  minimumArea: 12,
  minimumSeed: 3,
};

/**
 * Cells from a network's maps: seeds are where the depth is great and no boundary is; they grow over the foreground from deep
 * to shallow. A part of the foreground without a seed is a cell too, unless it is too small. Holes are filled.
 *
 * @returns `[height, width]`, numbers from 1 in the order in which rows meet them; 0 is background
 */
export function separateCells(maps: CellMaps, options: InstanceOptions = standardInstanceOptions): Int32Array {
  const { height, width, foreground, boundary, distance } = maps;
  const size = { height, width };
  const mask = new Uint8Array(height * width);
  const depth = new Float32Array(height * width);
  for (let at = 0; at < mask.length; at++) {
    mask[at] = foreground[at] >= options.foreground ? 1 : 0;
    depth[at] = Math.max(0, distance[at] - options.boundaryWeight * boundary[at]);
  }
  const seeds = labelComponents((at) => mask[at] === 1 && depth[at] >= options.seed, size, { corners: true });
  dropSmall(seeds.labels, seeds.count, options.minimumSeed);
  floodFromSeeds(depth, seeds.labels, mask, { rows: height, columns: width });
  const rest = labelComponents((at) => mask[at] === 1 && seeds.labels[at] === 0, size);
  const cells = seeds.labels;
  for (let at = 0; at < cells.length; at++) if (rest.labels[at] > 0) cells[at] = seeds.count + rest.labels[at];
  dropSmall(cells, seeds.count + rest.count, options.minimumArea);
  fillHoles(cells, size);
  return numberInOrder(cells);
}

function dropSmall(labels: Int32Array, count: number, least: number): void {
  const areas = new Uint32Array(count + 1);
  for (const label of labels) areas[label]++;
  for (let at = 0; at < labels.length; at++) if (areas[labels[at]] < least) labels[at] = 0;
}

/** Background that one cell alone surrounds becomes part of it. */
function fillHoles(cells: Int32Array, { height, width }: { readonly height: number; readonly width: number }): void {
  const { labels, count } = labelComponents((at) => cells[at] === 0, { height, width });
  // What surrounds each part of the background: one cell's number, or −1 for several or the image's edge.
  const around = new Int32Array(count + 1);
  const meet = (part: number, cell: number): void => {
    if (cell !== 0 && around[part] !== cell) around[part] = around[part] === 0 ? cell : -1;
  };
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      const part = labels[at];
      if (part === 0) continue;
      if (row === 0 || column === 0 || row === height - 1 || column === width - 1) around[part] = -1;
      if (row > 0) meet(part, cells[at - width]);
      if (row < height - 1) meet(part, cells[at + width]);
      if (column > 0) meet(part, cells[at - 1]);
      if (column < width - 1) meet(part, cells[at + 1]);
    }
  }
  for (let at = 0; at < cells.length; at++)
    if (labels[at] > 0 && around[labels[at]] > 0) cells[at] = around[labels[at]];
}

/** 1, 2, 3 … in the order in which rows meet them. */
function numberInOrder(labels: Int32Array): Int32Array {
  const numbers = new Map<number, number>([[0, 0]]);
  return labels.map((label) => {
    const known = numbers.get(label) ?? numbers.size;
    numbers.set(label, known);
    return known;
  });
}
