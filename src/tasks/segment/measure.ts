import type { Raster } from "../../data/image/raster.ts";
import { measureConvexShape } from "./convex-shape.ts";

/** Intensities of one cell in one channel, in the file's own units; NaN where a sample is none. */
export interface IntensityMeasurement {
  readonly mean: number;
  readonly minimum: number;
  readonly maximum: number;
  /** Standard deviation of the cell's pixels: divided by their number. */
  readonly deviation: number;
  /** Sum over the cell's pixels. */
  readonly integrated: number;
}

/** What is measured of one cell, in pixels. Definitions: {@link measureCells}. */
export interface CellMeasurement {
  readonly id: number;
  readonly area: number;
  readonly perimeter: number;
  /** Centre, counted from that of the image's upper left pixel. */
  readonly row: number;
  readonly column: number;
  /** Axes of the ellipse with the same second moments. */
  readonly majorAxis: number;
  readonly minorAxis: number;
  /** Of that ellipse: 0 for a circle, near 1 for a line. */
  readonly eccentricity: number;
  /** Radians from the rows' axis (down) to the major axis, −π/2 to π/2, counter-clockwise; arbitrary if it is a circle. */
  readonly orientation: number;
  /** 4π·area / perimeter², at most 1. */
  readonly circularity: number;
  /** Area divided by that of the convex hull. */
  readonly solidity: number;
  readonly feretMaximum: number;
  readonly feretMinimum: number;
  /** Whether the cell reaches the image's edge, so that a part may be missing. */
  readonly touchesEdge: boolean;
  /** Per channel. */
  readonly intensities: readonly IntensityMeasurement[];
}

/** Sums over one cell's pixels; rows and columns count from the corner of its box, lest squares lose digits. */
interface Sums {
  top: number;
  left: number;
  bottom: number;
  right: number;
  area: number;
  row: number;
  column: number;
  rowSquares: number;
  columnSquares: number;
  products: number;
  /** Ends of runs along rows and columns, and along both diagonals. */
  straight: number;
  slanted: number;
  readonly first: number[];
  readonly last: number[];
  readonly channels: ChannelSums[];
}

interface ChannelSums {
  /** The first sample, from which the others' deviations are summed. */
  readonly start: number;
  sum: number;
  offsets: number;
  squares: number;
  minimum: number;
  maximum: number;
}

const newSums = (row: number, column: number): Sums => ({
  top: row,
  left: column,
  bottom: row,
  right: column,
  area: 0,
  row: 0,
  column: 0,
  rowSquares: 0,
  columnSquares: 0,
  products: 0,
  straight: 0,
  slanted: 0,
  first: [],
  last: [],
  channels: [],
});

/** Finds each cell's box, and per row of it the columns of the first and the last pixel. */
function findCells(labels: Int32Array, { height, width }: Raster): ReadonlyMap<number, Sums> {
  const found = new Map<number, Sums>();
  for (let row = 0, place = 0; row < height; row++) {
    for (let column = 0; column < width; column++, place++) {
      const label = labels[place];
      if (label === 0) continue;
      let cell = found.get(label);
      if (cell === undefined) found.set(label, (cell = newSums(row, column)));
      cell.bottom = row;
      cell.left = Math.min(cell.left, column);
      cell.right = Math.max(cell.right, column);
      const line = row - cell.top;
      while (cell.first.length < line) {
        cell.first.push(-1);
        cell.last.push(-1);
      }
      if (cell.first.length === line) {
        cell.first.push(column);
        cell.last.push(column);
      } else cell.last[line] = column;
    }
  }
  return found;
}

function addMoments(cell: Sums, row: number, column: number): void {
  const [y, x] = [row - cell.top, column - cell.left];
  cell.area++;
  cell.row += y;
  cell.column += x;
  cell.rowSquares += y * y;
  cell.columnSquares += x * x;
  cell.products += y * x;
}

function addSample(channels: ChannelSums[], channel: number, sample: number): void {
  const sums = (channels[channel] ??= {
    start: sample,
    sum: 0,
    offsets: 0,
    squares: 0,
    minimum: sample,
    maximum: sample,
  });
  const offset = sample - sums.start;
  sums.sum += sample;
  sums.offsets += offset;
  sums.squares += offset * offset;
  sums.minimum = Math.min(sums.minimum, sample);
  sums.maximum = Math.max(sums.maximum, sample);
}

/** Whether a pixel and its eight neighbours have one label: most have, and none of them ends a run. */
function isInside(labels: Int32Array, place: number, width: number): boolean {
  const label = labels[place];
  const [above, below] = [place - width, place + width];
  return (
    labels[place - 1] === label &&
    labels[place + 1] === label &&
    labels[above] === label &&
    labels[below] === label &&
    labels[above - 1] === label &&
    labels[above + 1] === label &&
    labels[below - 1] === label &&
    labels[below + 1] === label
  );
}

function sumCells(cells: ReadonlyMap<number, Sums>, labels: Int32Array, raster: Raster): void {
  const { height, width, channels, samples } = raster;
  const isOther = (row: number, column: number, label: number): number =>
    row < 0 || column < 0 || row >= height || column >= width || labels[row * width + column] !== label ? 1 : 0;
  let cell = newSums(0, 0);
  for (let row = 0, place = 0, known = 0; row < height; row++) {
    for (let column = 0; column < width; column++, place++) {
      const label = labels[place];
      if (label === 0) continue;
      if (label !== known) cell = cells.get((known = label))!;
      addMoments(cell, row, column);
      const isAtEdge = row === 0 || column === 0 || row === height - 1 || column === width - 1;
      if (isAtEdge || !isInside(labels, place, width)) {
        for (let by = -1; by <= 1; by += 2) {
          cell.straight += isOther(row, column + by, label) + isOther(row + by, column, label);
          cell.slanted += isOther(row + by, column + by, label) + isOther(row + by, column - by, label);
        }
      }
      for (let channel = 0; channel < channels; channel++)
        addSample(cell.channels, channel, samples[place * channels + channel]);
    }
  }
}

/** The ellipse with the same second moments. */
function ellipseOf(cell: Sums): Pick<CellMeasurement, "majorAxis" | "minorAxis" | "eccentricity" | "orientation"> {
  const { area, row, column, rowSquares, columnSquares, products } = cell;
  // n² times the variances: whole numbers, so that equal ones compare as equal.
  const [rows, columns] = [area * rowSquares - row * row, area * columnSquares - column * column];
  const both = area * products - row * column;
  const spread = Math.hypot(rows - columns, 2 * both);
  const [large, small] = [rows + columns + spread, Math.max(0, rows + columns - spread)];
  const axis = (twice: number): number => (4 * Math.sqrt(twice / 2)) / area;
  return {
    majorAxis: axis(large),
    minorAxis: axis(small),
    eccentricity: large === 0 ? 0 : Math.sqrt(1 - small / large),
    orientation: rows === columns ? (both > 0 ? Math.PI / 4 : -Math.PI / 4) : Math.atan2(2 * both, rows - columns) / 2,
  };
}

function intensityOf({ sum, offsets, squares, minimum, maximum }: ChannelSums, area: number): IntensityMeasurement {
  const variance = squares / area - (offsets / area) ** 2;
  return {
    mean: sum / area,
    minimum,
    maximum,
    deviation: variance < 0 ? 0 : Math.sqrt(variance),
    integrated: sum,
  };
}

function measurementOf(id: number, cell: Sums, { height, width }: Raster): CellMeasurement {
  const { top, left, bottom, right, area } = cell;
  const perimeter = (Math.PI / 8) * (cell.straight + cell.slanted / Math.SQRT2);
  const { area: convexArea, ...feret } = measureConvexShape(cell);
  return {
    id,
    area,
    perimeter,
    row: top + cell.row / area,
    column: left + cell.column / area,
    ...ellipseOf(cell),
    circularity: Math.min(1, (4 * Math.PI * area) / perimeter ** 2),
    solidity: area / convexArea,
    ...feret,
    touchesEdge: top === 0 || left === 0 || bottom === height - 1 || right === width - 1,
    intensities: cell.channels.map((channel) => intensityOf(channel, area)),
  };
}

/**
 * Measures every cell, in the order of their numbers. Area, centroid, axes, eccentricity, orientation, solidity, the largest
 * Feret diameter and intensities are those of scikit-image's `regionprops`; the perimeter is its `perimeter_crofton` with four
 * directions, within a few per cent of a smooth outline's length whatever its direction. Circularity is cut to 1 as in ImageJ,
 * because the perimeters of cells of a few pixels come out too short.
 *
 * @param labels `[height, width]`, 0 for background
 * @source scikit-image 0.26, `skimage.measure._regionprops`; Lehmann and Legland 2012, "Efficient N-dimensional surface estimation
 *   using Crofton formula and run-length encoding"; ImageJ, Analyze > Set Measurements
 */
export function measureCells(labels: Int32Array, raster: Raster): readonly CellMeasurement[] {
  const cells = findCells(labels, raster);
  sumCells(cells, labels, raster);
  return Array.from(cells, ([id, cell]) => measurementOf(id, cell, raster)).toSorted((a, b) => a.id - b.id);
}
