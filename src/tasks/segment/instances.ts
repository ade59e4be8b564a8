import { labelComponents } from "./data/components.ts";
import { separateBasins } from "./basins.ts";

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
  /** How much deeper than the pass between them two cells must be, boundaries taken off. */
  readonly persistence: number;
  /** How much a boundary's probability takes off the depth. */
  readonly boundaryWeight: number;
  /** Fewer points are no cell. */
  readonly minimumArea: number;
}

/** Where nothing else is asked for. */
export const standardInstanceOptions: InstanceOptions = {
  foreground: 0.5,
  persistence: 0.2,
  boundaryWeight: 0.5,
  minimumArea: 20,
};

/** Means of 3 × 3 points: a network's depths are uneven from point to point. */
function smooth(
  values: Float32Array,
  { height, width }: { readonly height: number; readonly width: number },
): Float32Array {
  return values.map((_, at) => {
    const [row, column] = [Math.floor(at / width), at % width];
    let [sum, count] = [0, 0];
    for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y++) {
      for (let x = Math.max(0, column - 1); x <= Math.min(width - 1, column + 1); x++) {
        sum += values[y * width + x];
        count++;
      }
    }
    return sum / count;
  });
}

/**
 * Cells from a network's maps: the basins of the foreground, which is deep inside of cells and shallow where they meet. Basins
 * that no pass parts are one cell. What is too small is none, and holes are filled.
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
    depth[at] = distance[at] - options.boundaryWeight * boundary[at];
  }
  const terrain = { rows: height, columns: width, depth: smooth(depth, size), mask };
  const cells = separateBasins(terrain, options.persistence);
  dropSmall(cells, options.minimumArea);
  fillHoles(cells, size);
  return numberInOrder(cells);
}

/** @param labels none above the number of points */
function dropSmall(labels: Int32Array, least: number): void {
  const areas = new Uint32Array(labels.length + 1);
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
