import type { Raster } from "../../data/image/raster.ts";
import { type IntensityLine, writeScaled } from "./data/raster.ts";
import type { Normalization } from "../../data/image-set.ts";
import { scoreFinitely } from "../../networks/scores.ts";
import type { Session } from "../../runtime/runtime.ts";
import { OptionError } from "../../tensor/errors.ts";
import { float32 } from "../../tensor/tensor.ts";

/** A rectangle of an image. */
export interface Part {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** A network with what is known of its inputs and outputs. */
export interface Predictor {
  readonly session: Session;
  /** `[channels, height, width]` of what it takes at a time. */
  readonly tile: readonly [channels: number, height: number, width: number];
  readonly normalization: Normalization;
  /** How many of the scores are classes, which exclude each other; the rest is taken by itself, as a sigmoid. */
  readonly classes: number;
}

/** Views of a tile: 1, 2 (mirrored), 4 (both ways) or 8 (turned besides). */
export type Views = 1 | 2 | 4 | 8;

/** How images larger than a tile are predicted. */
export interface PredictOptions {
  /** Share of a tile that its neighbours overlap, at most 0.9. Default 0.25. */
  readonly overlap?: number;
  /** Views that are averaged; eight of square tiles alone. Default 1. */
  readonly views?: Views;
  /** Tiles at a time. Default 4. */
  readonly batch?: number;
}

/** Where tiles begin along an axis: evenly, overlapping by at least what is wanted, the last one at the end. */
function tileStarts(extent: number, tile: number, overlap: number): readonly number[] {
  if (extent <= tile) return [0];
  const stride = Math.max(1, Math.floor(tile * (1 - overlap)));
  const count = Math.ceil((extent - tile) / stride) + 1;
  return Array.from({ length: count }, (_, index) => Math.round((index * (extent - tile)) / (count - 1)));
}

/** Weights along an axis of a tile: they rise from its edges over the width of the overlap, so that no seam is seen. */
function blendWeights(extent: number, overlap: number): Float32Array {
  const ramp = Math.max(1, Math.floor(extent * overlap));
  return Float32Array.from({ length: extent }, (_, place) => {
    const inside = Math.min(place, extent - 1 - place) + 1;
    return Math.min(1, inside / (ramp + 1)) ** 2;
  });
}

/** @throws {OptionError} if tiles are to be turned that are not square */
function requireTurnable(views: Views, height: number, width: number): void {
  if (views > 4 && height !== width)
    throw new OptionError(
      "views",
      `turn tiles on their sides, which must be squares for ${views}, got ${height} × ${width}; give at most 4`,
    );
}

/** A coordinate beyond the last one, mirrored back. */
const fold = (place: number, extent: number): number => {
  if (extent === 1) return 0;
  const within = place % (2 * (extent - 1));
  return within < extent ? within : 2 * (extent - 1) - within;
};

/** Where a view of a tile takes its points from: turned first, then mirrored. */
function viewPlace(
  view: number,
  row: number,
  column: number,
  extent: readonly [number, number],
): readonly [number, number] {
  const [y, x] = view & 4 ? [column, row] : [row, column];
  return [view & 2 ? extent[0] - 1 - y : y, view & 1 ? extent[1] - 1 - x : x];
}

/**
 * What a network says of a part of an image: probabilities of classes, and sigmoids of the other scores, blended over tiles and
 * averaged over views.
 *
 * @returns `[outputs, part.height, part.width]`
 * @throws {OptionError} if tiles are to be turned that are not square
 */
export async function predictPart(
  predictor: Predictor,
  { raster, line }: { readonly raster: Raster; readonly line: IntensityLine },
  part: Part,
  options: PredictOptions = {},
): Promise<{ readonly maps: Float32Array; readonly outputs: number }> {
  const { tile } = predictor;
  const { overlap = 0.25, views = 1, batch = 4 } = options;
  const [channels, tileHeight, tileWidth] = tile;
  requireTurnable(views, tileHeight, tileWidth);
  const image = new Float32Array(channels * part.height * part.width);
  writeScaled(raster, line, part, { channels, out: image });
  const corners = tileStarts(part.height, tileHeight, overlap).flatMap((top) =>
    tileStarts(part.width, tileWidth, overlap).map((left) => [top, left] as const),
  );
  const jobs = corners.flatMap(([top, left]) => Array.from({ length: views }, (_, view) => ({ top, left, view })));
  const plane = part.height * part.width;
  const weights = { rows: blendWeights(tileHeight, overlap), columns: blendWeights(tileWidth, overlap) };
  const sums = new Float32Array(plane);
  let maps = new Float32Array(0);
  let outputs = 0;
  for (let start = 0; start < jobs.length; start += batch) {
    const group = jobs.slice(start, start + batch);
    const input = new Float32Array(group.length * channels * tileHeight * tileWidth);
    group.forEach((job, place) => readTile(predictor, image, part, job, input, place));
    const images = float32([group.length, channels, tileHeight, tileWidth], input);
    const { data, shape } = await scoreFinitely(predictor.session, images);
    if (outputs === 0) {
      outputs = shape[1];
      maps = new Float32Array(outputs * plane);
    }
    group.forEach((job, place) => addTile({ predictor, scores: data, outputs, weights, maps, sums, part }, job, place));
  }
  for (let output = 0; output < outputs; output++)
    for (let at = 0; at < plane; at++) maps[output * plane + at] /= sums[at];
  return { maps, outputs };
}

interface Job {
  readonly top: number;
  readonly left: number;
  readonly view: number;
}

/** Writes one view of one tile, normalised; where the image ends before the tile does, it is mirrored. */
function readTile(
  { tile, normalization }: Predictor,
  image: Float32Array,
  part: Part,
  job: Job,
  out: Float32Array,
  place: number,
): void {
  const [channels, height, width] = tile;
  for (let channel = 0; channel < channels; channel++) {
    const [mean, deviation] = [normalization.mean[channel], normalization.deviation[channel]];
    const from = channel * part.height * part.width;
    let at = (place * channels + channel) * height * width;
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const [y, x] = viewPlace(job.view, row, column, [height, width]);
        const source = fold(job.top + y, part.height) * part.width + fold(job.left + x, part.width);
        out[at++] = (image[from + source] - mean) / deviation;
      }
    }
  }
}

interface Target {
  readonly predictor: Predictor;
  readonly scores: Float32Array;
  readonly outputs: number;
  readonly weights: { readonly rows: Float32Array; readonly columns: Float32Array };
  readonly maps: Float32Array;
  readonly sums: Float32Array;
  readonly part: Part;
}

/** Adds one tile's probabilities to the maps, weighed. */
function addTile({ predictor, scores, outputs, weights, maps, sums, part }: Target, job: Job, place: number): void {
  const { classes, tile } = predictor;
  const [, height, width] = tile;
  const size = height * width;
  const plane = part.height * part.width;
  const values = new Float32Array(outputs);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const [y, x] = viewPlace(job.view, row, column, [height, width]);
      if (job.top + y >= part.height || job.left + x >= part.width) continue;
      const from = place * outputs * size + row * width + column;
      let highest = Number.NEGATIVE_INFINITY;
      for (let output = 0; output < outputs; output++) {
        values[output] = scores[from + output * size];
        if (output < classes && values[output] > highest) highest = values[output];
      }
      let sum = 0;
      for (let output = 0; output < classes; output++) sum += values[output] = Math.exp(values[output] - highest);
      const weight = weights.rows[y] * weights.columns[x];
      const target = (job.top + y) * part.width + job.left + x;
      sums[target] += weight;
      for (let output = 0; output < outputs; output++) {
        const value = output < classes ? values[output] / sum : 1 / (1 + Math.exp(-values[output]));
        maps[output * plane + target] += weight * value;
      }
    }
  }
}
