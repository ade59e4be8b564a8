import {
  aggregatedJaccard,
  averagePrecision,
  borderF1,
  countBorders,
  countOverlaps,
  countRegion,
  dice,
  f1,
  intersectionOverUnion,
  iouThresholds,
  matchCells,
  panopticQuality,
} from "./metrics.ts";
import { IGNORED } from "./data/set.ts";

interface Figures<Value> {
  readonly f1At50: Value;
  /** Mean over the thresholds of TP / (TP + FP + FN). */
  readonly meanAp: Value;
  readonly foregroundDice: Value;
  readonly foregroundIou: Value;
  readonly borderF1: Value;
  readonly panopticQuality: Value;
  readonly aggregatedJaccard: Value;
  /** Average precision at each threshold of {@link iouThresholds}. */
  readonly apAt: Readonly<Record<string, Value>>;
  readonly cells: number;
  readonly found: number;
}

/** How well the cells of one image were found; 1 if it has none and none was found. */
export type CellFigures = Figures<number>;

/** How well the cells of several images were found; null if no image has a cell, for then there is nothing to find. */
export type CellSetFigures = Figures<number | null>;

/** One image's figures, and what sums over images need. */
export interface CellCounts {
  readonly name: string;
  readonly figures: CellFigures;
  readonly matches: { readonly hits: number; readonly wrong: number; readonly missed: number; readonly iouSum: number };
  readonly region: { readonly both: number; readonly truth: number; readonly found: number };
  readonly borders: {
    readonly truth: number;
    readonly truthMet: number;
    readonly found: number;
    readonly foundMet: number;
  };
}

const nameOf = (threshold: number): string => threshold.toFixed(2);

/** Compares found cells with true ones. @param truth points of 65,535 do not count */
export function compareCells(
  name: string,
  {
    height,
    width,
    truth,
    found,
  }: {
    readonly height: number;
    readonly width: number;
    readonly truth: ArrayLike<number>;
    readonly found: ArrayLike<number>;
  },
): CellCounts {
  const overlaps = countOverlaps(truth, found, IGNORED);
  const all = iouThresholds.map((threshold) => matchCells(overlaps, threshold));
  const [first] = all;
  const region = countRegion(truth, found, { ignored: IGNORED });
  const borders = countBorders(
    { height, width, labels: truth },
    { height, width, labels: found },
    { ignored: IGNORED },
  );
  const precisions = all.map(averagePrecision);
  return {
    name,
    figures: {
      f1At50: f1(first),
      meanAp: mean(precisions),
      foregroundDice: dice(region),
      foregroundIou: intersectionOverUnion(region),
      borderF1: borderF1(borders),
      panopticQuality: panopticQuality(first),
      aggregatedJaccard: aggregatedJaccard(overlaps),
      apAt: Object.fromEntries(all.map(({ threshold }, index) => [nameOf(threshold), precisions[index]])),
      cells: overlaps.truth.length,
      found: overlaps.found.length,
    },
    matches: first,
    region,
    borders,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const nothing: Omit<CellSetFigures, "cells" | "found"> = {
  f1At50: null,
  meanAp: null,
  foregroundDice: null,
  foregroundIou: null,
  borderF1: null,
  panopticQuality: null,
  aggregatedJaccard: null,
  apAt: Object.fromEntries(iouThresholds.map((threshold) => [nameOf(threshold), null])),
};

/**
 * Figures of several images together: F1, panoptic quality, Dice, IoU and border F1 are of all their cells and points, the mean
 * average precision and the Jaccard index are means over images.
 */
export function summarizeCells(images: readonly CellCounts[]): CellSetFigures {
  const sum = (pick: (image: CellCounts) => number): number => images.reduce((total, image) => total + pick(image), 0);
  const average = (pick: (figures: CellFigures) => number): number => mean(images.map(({ figures }) => pick(figures)));
  const cells = sum(({ figures }) => figures.cells);
  const found = sum(({ figures }) => figures.found);
  if (cells === 0) return { ...nothing, cells, found };
  const matches = {
    threshold: 0.5,
    hits: sum((image) => image.matches.hits),
    wrong: sum((image) => image.matches.wrong),
    missed: sum((image) => image.matches.missed),
    iouSum: sum((image) => image.matches.iouSum),
  };
  const region = {
    both: sum((image) => image.region.both),
    truth: sum((image) => image.region.truth),
    found: sum((image) => image.region.found),
  };
  const borders = {
    truth: sum((image) => image.borders.truth),
    truthMet: sum((image) => image.borders.truthMet),
    found: sum((image) => image.borders.found),
    foundMet: sum((image) => image.borders.foundMet),
  };
  return {
    f1At50: f1(matches),
    meanAp: average((figures) => figures.meanAp),
    foregroundDice: dice(region),
    foregroundIou: intersectionOverUnion(region),
    borderF1: borderF1(borders),
    panopticQuality: panopticQuality(matches),
    aggregatedJaccard: average((figures) => figures.aggregatedJaccard),
    apAt: Object.fromEntries(iouThresholds.map(nameOf).map((name) => [name, average(({ apAt }) => apAt[name])])),
    cells,
    found,
  };
}
