import { expect, test } from "vitest";
import { compareCells, summarizeCells } from "./evaluate.ts";
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
  matchCells,
  panopticQuality,
} from "./metrics.ts";

/** Two true cells of 8 and 4 points; the first is found with 6 of its points and 2 others, the second is missed, one is wrong. */
const truth = [1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 2, 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0];
const found = [0, 7, 7, 7, 7, 0, 0, 7, 7, 7, 7, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 9];

test("a pair of IoU 6/10 is a hit at 0.6 and none at 0.65", () => {
  const overlaps = countOverlaps(truth, found);
  expect(matchCells(overlaps, 0.6)).toEqual({ threshold: 0.6, hits: 1, wrong: 1, missed: 1, iouSum: 0.6 });
  expect(matchCells(overlaps, 0.65)).toMatchObject({ hits: 0, wrong: 2, missed: 2 });
});

test("figures are those worked out by hand from one hit of IoU 0.6, one wrong and one missed cell", () => {
  const overlaps = countOverlaps(truth, found);
  const matches = matchCells(overlaps, 0.5);
  expect(averagePrecision(matches)).toBeCloseTo(1 / 3, 12);
  expect(f1(matches)).toBeCloseTo(1 / 2, 12);
  expect(panopticQuality(matches)).toBeCloseTo(0.6 / 2, 12);
  // 6 common points of 10, with 4 missed and 2 wrong ones below.
  expect(aggregatedJaccard(overlaps)).toBeCloseTo(6 / 16, 12);
  const region = countRegion(truth, found);
  expect(dice(region)).toBeCloseTo(12 / 22, 12);
  expect(intersectionOverUnion(region)).toBeCloseTo(6 / 16, 12);
});

test("the mean average precision of an image takes the thresholds 0.50 to 0.90: 1/3 at the first three, 0 at the other six", () => {
  const { figures } = compareCells("a", { height: 4, width: 6, truth, found });
  expect(figures.meanAp).toBeCloseTo(3 / 3 / 9, 12);
  expect(figures.apAt).toMatchObject({ "0.50": 1 / 3, "0.60": 1 / 3, "0.65": 0, "0.90": 0 });
});

test("F1 is pooled over images, mean average precision is averaged", () => {
  const first = compareCells("a", { height: 4, width: 6, truth, found });
  const second = compareCells("b", { height: 4, width: 6, truth, found: truth });
  const overall = summarizeCells([first, second]);
  expect(overall.f1At50).toBeCloseTo((2 * 3) / (2 * 3 + 1 + 1), 12);
  expect(overall.meanAp).toBeCloseTo((1 / 9 + 1) / 2, 12);
});

test("an image without cells in which none is found is perfect, and one in which some are found is worth nothing", () => {
  const empty = Array.from({ length: 24 }, () => 0);
  expect(compareCells("a", { height: 4, width: 6, truth: empty, found: empty }).figures).toMatchObject({
    f1At50: 1,
    meanAp: 1,
    foregroundDice: 1,
    borderF1: 1,
  });
  expect(compareCells("a", { height: 4, width: 6, truth: empty, found }).figures).toMatchObject({
    f1At50: 0,
    meanAp: 0,
    foregroundDice: 0,
    borderF1: 0,
  });
});

test("ignored points count neither for nor against", () => {
  const ignored = truth.map((value, at) => (found[at] !== value ? 65_535 : value));
  expect(compareCells("a", { height: 4, width: 6, truth: ignored, found }).figures).toMatchObject({
    f1At50: 1,
    foregroundDice: 1,
  });
});

test("a border one point aside is met within a tolerance of 1, and not of 0", () => {
  const square = (left: number): number[] =>
    Array.from({ length: 100 }, (_, at) => (at % 10 >= left && at % 10 < left + 4 && at >= 30 && at < 70 ? 1 : 0));
  const planes = [square(2), square(3)].map((labels) => ({ height: 10, width: 10, labels }));
  expect(borderF1(countBorders(planes[0], planes[1], 1))).toBe(1);
  // Of twelve border points, three of the upper and three of the lower edge coincide.
  expect(countBorders(planes[0], planes[1], 0)).toEqual({ truth: 12, truthMet: 6, found: 12, foundMet: 6 });
});
