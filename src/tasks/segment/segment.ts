import type { Raster } from "../../data/image/raster.ts";
import { type IntensityScaling, measureIntensity } from "./data/raster.ts";
import { enlargePart, shrinkRaster } from "./data/shrink.ts";
import { type CellMaps, type InstanceOptions, separateCells, standardInstanceOptions } from "./instances.ts";
import { requireSegmentOptions } from "./segment-options.ts";
import { type Part, type PredictOptions, predictPart, type Predictor } from "./tiles.ts";

/** Rows and columns of a large image that are worked on at a time, and how far beyond them is looked, as the network sees it. */
const WINDOW = 1536;
const MARGIN = 192;

/** How an image is segmented. */
export interface SegmentOptions extends PredictOptions {
  readonly instances?: Partial<InstanceOptions>;
  /** Told how much is done, 0 to 1. */
  readonly onProgress?: (share: number) => void;
  /** Gets the maps that cells are separated by, to do it again by {@link separateWindows}: 12 bytes a point. */
  readonly keepMaps?: (seen: SeenWindow) => void;
}

/** What a network said of a window of an image, whose own cells have their centres in the core. */
export interface SeenWindow {
  readonly core: Part;
  readonly whole: Part;
  readonly maps: CellMaps;
}

/** An image, and how a network is to see it. */
export interface SegmentInput {
  readonly raster: Raster;
  readonly scaling: IntensityScaling;
  /** Rows or columns that the network sees at most: larger images are shrunk, and what is found is enlarged. */
  readonly longestSide?: number | undefined;
}

/** What the network says of any part of an image. */
type MapsOfPart = (part: Part) => Promise<{ readonly maps: Float32Array; readonly outputs: number }>;

async function mapImage(
  predictor: Predictor,
  { raster, scaling, longestSide = Infinity }: SegmentInput,
  options: PredictOptions,
): Promise<MapsOfPart> {
  const seen = shrinkRaster(raster, longestSide);
  const line = measureIntensity(seen, scaling);
  const predict: MapsOfPart = (part) => predictPart(predictor, { raster: seen, line }, part, options);
  if (seen === raster) return predict;
  const { maps: small, outputs } = await predict({ top: 0, left: 0, height: seen.height, width: seen.width });
  const plane = seen.height * seen.width;
  return async (part) => {
    const points = part.height * part.width;
    const maps = new Float32Array(outputs * points);
    for (let output = 0; output < outputs; output++)
      enlargePart(
        small.subarray(output * plane, (output + 1) * plane),
        { from: seen, to: raster },
        part,
        maps.subarray(output * points, (output + 1) * points),
      );
    return { maps, outputs };
  };
}

/** The parts of a large image: each has a core, which no other has, and a margin around it. */
function* windowsOf(
  { height, width }: Raster,
  longestSide: number = Infinity,
): Generator<{ readonly core: Part; readonly whole: Part }> {
  const margin = Math.round(MARGIN * Math.max(1, Math.max(height, width) / longestSide));
  const rows = Math.ceil(height / WINDOW);
  const columns = Math.ceil(width / WINDOW);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const edge = (index: number, count: number, extent: number): number => Math.round((index * extent) / count);
      const [top, left] = [edge(row, rows, height), edge(column, columns, width)];
      const [bottom, right] = [edge(row + 1, rows, height), edge(column + 1, columns, width)];
      const [above, before] = [Math.max(0, top - margin), Math.max(0, left - margin)];
      yield {
        core: { top, left, height: bottom - top, width: right - left },
        whole: {
          top: above,
          left: before,
          height: Math.min(height, bottom + margin) - above,
          width: Math.min(width, right + margin) - before,
        },
      };
    }
  }
}

async function overWindows(
  { raster, longestSide }: SegmentInput,
  onProgress: ((share: number) => void) | undefined,
  body: (window: { readonly core: Part; readonly whole: Part }) => Promise<void>,
): Promise<void> {
  const windows = [...windowsOf(raster, longestSide)];
  for (const [index, window] of windows.entries()) {
    await body(window);
    onProgress?.((index + 1) / windows.length);
  }
}

/**
 * Finds the cells of an image of any size, window by window: a cell belongs to the window in whose core its centre lies, so
 * cells up to twice the margin are found whole wherever they lie. Beside the image and its labels, the memory is that of a window and, where the
 * network sees it shrunk, of what it sees.
 *
 * @returns `[height, width]`, numbers from 1; 0 is background
 * @throws {OptionError} naming an option that is not what it may be
 */
export async function segmentCells(
  predictor: Predictor,
  input: SegmentInput,
  options: SegmentOptions = {},
): Promise<{ readonly labels: Int32Array; readonly count: number }> {
  requireSegmentOptions(options, "instances");
  const { raster } = input;
  const mapsOf = await mapImage(predictor, input, options);
  const labels = new Int32Array(raster.height * raster.width);
  let count = 0;
  await overWindows(input, options.onProgress, async ({ core, whole }) => {
    const { maps } = await mapsOf(whole);
    const plane = whole.height * whole.width;
    const map = (index: number): Float32Array => maps.subarray(index * plane, (index + 1) * plane);
    const seen: CellMaps = {
      height: whole.height,
      width: whole.width,
      foreground: map(0).map((value) => 1 - value),
      boundary: map(2),
      distance: map(3),
    };
    // A copy of what is kept: the maps have parts that nobody needs.
    options.keepMaps?.({
      core,
      whole,
      maps: { ...seen, boundary: seen.boundary.slice(), distance: seen.distance.slice() },
    });
    const found = separateCells(seen, { ...standardInstanceOptions, ...options.instances });
    count = keepOwn({ found, whole, core }, { labels, width: raster.width }, count);
  });
  return { labels, count };
}

/**
 * Separates cells once more by maps that were kept, with other options; nothing is inferred.
 *
 * @param windows all of an image, in the order in which they were seen
 * @returns `[height, width]`, numbers from 1; 0 is background
 */
export function separateWindows(
  { height, width }: { readonly height: number; readonly width: number },
  windows: readonly SeenWindow[],
  instances: InstanceOptions,
): { readonly labels: Int32Array; readonly count: number } {
  const labels = new Int32Array(height * width);
  let count = 0;
  for (const { core, whole, maps } of windows)
    count = keepOwn({ found: separateCells(maps, instances), whole, core }, { labels, width }, count);
  return { labels, count };
}

/** Copies the cells whose centre lies in the core. @returns the number of cells so far */
function keepOwn(
  { found, whole, core }: { readonly found: Int32Array; readonly whole: Part; readonly core: Part },
  { labels, width }: { readonly labels: Int32Array; readonly width: number },
  before: number,
): number {
  const highest = found.reduce((most, label) => Math.max(most, label), 0);
  const sums = new Float64Array(3 * (highest + 1));
  for (let row = 0, at = 0; row < whole.height; row++) {
    for (let column = 0; column < whole.width; column++, at++) {
      const place = 3 * found[at];
      sums[place]++;
      sums[place + 1] += row;
      sums[place + 2] += column;
    }
  }
  let count = before;
  const numbers = new Int32Array(highest + 1);
  for (let label = 1; label <= highest; label++) {
    const row = sums[3 * label + 1] / sums[3 * label] + whole.top;
    const column = sums[3 * label + 2] / sums[3 * label] + whole.left;
    const isOwn =
      row >= core.top && row < core.top + core.height && column >= core.left && column < core.left + core.width;
    if (isOwn) numbers[label] = ++count;
  }
  for (let row = 0, at = 0; row < whole.height; row++) {
    let target = (whole.top + row) * width + whole.left;
    for (let column = 0; column < whole.width; column++, at++, target++) {
      const number = numbers[found[at]];
      if (number > 0 && labels[target] === 0) labels[target] = number;
    }
  }
  return count;
}

/**
 * The most probable class of each point of an image of any size.
 * @returns `[height, width]`
 * @throws {OptionError} naming an option that is not what it may be
 */
export async function segmentClasses(
  predictor: Predictor,
  input: SegmentInput,
  options: SegmentOptions = {},
): Promise<Uint8Array> {
  requireSegmentOptions(options, "classes");
  const { raster } = input;
  const mapsOf = await mapImage(predictor, input, options);
  const classes = new Uint8Array(raster.height * raster.width);
  await overWindows(input, options.onProgress, async ({ core, whole }) => {
    const { maps, outputs } = await mapsOf(whole);
    const plane = whole.height * whole.width;
    for (let row = 0; row < core.height; row++) {
      for (let column = 0; column < core.width; column++) {
        const at = (core.top - whole.top + row) * whole.width + core.left - whole.left + column;
        let best = 0;
        for (let output = 1; output < outputs; output++)
          if (maps[output * plane + at] > maps[best * plane + at]) best = output;
        classes[(core.top + row) * raster.width + core.left + column] = best;
      }
    }
  });
  return classes;
}
