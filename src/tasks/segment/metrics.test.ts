import { expect, test } from "vitest";
import { compareClasses, summarizeClasses } from "./class-figures.ts";
import { compareCells, summarizeCells } from "./evaluate.ts";
import { judgementOf } from "./judge.ts";
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

test("a set without cells has no score, whatever was found; its counts tell", () => {
  const empty = Array.from({ length: 24 }, () => 0);
  const images = [empty, found].map((cells) => compareCells("a", { height: 4, width: 6, truth: empty, found: cells }));
  const overall = summarizeCells(images);
  const { cells, found: all, apAt, ...measures } = overall;
  expect([cells, all]).toEqual([0, images[1].figures.found]);
  expect(new Set([...Object.values(measures), ...Object.values(apAt)])).toEqual(new Set([null]));
  expect(judgementOf({ target: "instances", overall, images })).toMatchObject({
    loss: Number.NaN,
    measures: { meanAp: null, f1At50: null },
    unmeasured: "no mask has a cell",
  });
});

test("a class that is not there and was not found has no score, and is not in the means", () => {
  const image = compareClasses("a", Uint16Array.of(0, 0, 1, 1), Uint8Array.of(0, 1, 1, 1), 3);
  // Dice 2·1/(2+1) and 2·2/(2+3); IoU 1/2 and 2/3, by hand.
  const classes = summarizeClasses([image], ["a", "b", "c"]);
  expect(classes.dice).toEqual({ a: 2 / 3, b: 4 / 5, c: null });
  expect(classes.meanDice).toBeCloseTo((2 / 3 + 4 / 5) / 2, 12);
  expect(classes.meanIou).toBeCloseTo((1 / 2 + 2 / 3) / 2, 12);
});

test("ignored points count neither for nor against", () => {
  const ignored = truth.map((value, at) => (found[at] !== value ? 65_535 : value));
  expect(compareCells("a", { height: 4, width: 6, truth: ignored, found }).figures).toMatchObject({
    f1At50: 1,
    foregroundDice: 1,
  });
});

test("an ignored point is neither foreground nor outside of it where borders are counted, as the image's edge is none", () => {
  const size = { height: 7, width: 12 };
  const inBox = (place: number, left: number, right: number): boolean => {
    const [row, column] = [Math.floor(place / size.width), place % size.width];
    return row >= 1 && row <= 5 && column >= left && column <= right;
  };
  const labels = (left: number, right: number): number[] =>
    Array.from({ length: size.height * size.width }, (_, place) => (inBox(place, left, right) ? 1 : 0));
  // The right half of the image does not count: there, what is found is neither right nor wrong.
  const half = labels(1, 5).map((id, place) => (place % size.width >= 6 ? 65_535 : id));
  const borderPoints = 5 + 2 * 4;
  for (const right of [5, 8, 11]) {
    const counts = countBorders({ ...size, labels: half }, { ...size, labels: labels(1, right) }, { ignored: 65_535 });
    expect(counts).toEqual({
      truth: borderPoints,
      truthMet: borderPoints,
      found: borderPoints,
      foundMet: borderPoints,
    });
  }
  const { figures } = compareCells("half", { ...size, truth: half, found: labels(1, 9) });
  expect(figures.borderF1).toBe(1);
});

test("a border one point aside is met within a tolerance of 1, and not of 0", () => {
  const square = (left: number): number[] =>
    Array.from({ length: 100 }, (_, at) => (at % 10 >= left && at % 10 < left + 4 && at >= 30 && at < 70 ? 1 : 0));
  const planes = [square(2), square(3)].map((labels) => ({ height: 10, width: 10, labels }));
  expect(borderF1(countBorders(planes[0], planes[1], { tolerance: 1 }))).toBe(1);
  // Of twelve border points, three of the upper and three of the lower edge coincide.
  expect(countBorders(planes[0], planes[1], { tolerance: 0 })).toEqual({
    truth: 12,
    truthMet: 6,
    found: 12,
    foundMet: 6,
  });
});

// The example of StarDist's `matching`: a square of 10 × 10 points, and the same 5 rows farther down.
test("a square that is found half its height aside has IoU 1/3, which is no hit, as in StarDist's own example", () => {
  const square = (top: number): number[] =>
    Array.from({ length: 10_000 }, (_, at) =>
      at >= 100 * top && at < 100 * (top + 10) && at % 100 >= 10 && at % 100 < 20 ? 1 : 0,
    );
  const overlaps = countOverlaps(square(10), square(15));
  expect(matchCells(overlaps, 0.5)).toEqual({ threshold: 0.5, hits: 0, wrong: 1, missed: 1, iouSum: 0 });
  expect(matchCells(overlaps, 1 / 3)).toMatchObject({ hits: 1, iouSum: 1 / 3 });
});

test("two halves of a cell have IoU 0.5 each, of which one alone is a hit; both halves' points count in the Jaccard index", () => {
  const halves = countOverlaps([1, 1, 1, 1, 0, 0], [5, 5, 6, 6, 0, 0]);
  expect(matchCells(halves, 0.5)).toMatchObject({ hits: 1, wrong: 1, missed: 0 });
  // Panoptic quality: 0.5 / (1 + 1/2). Jaccard: 2 common of 4 points, and 2 of the half that no cell took.
  expect(panopticQuality(matchCells(halves, 0.5))).toBeCloseTo(1 / 3, 12);
  expect(aggregatedJaccard(halves)).toBeCloseTo(2 / 6, 12);
});

test("a found cell over two true ones is the partner of both in the Jaccard index, as in HoVer-Net's get_fast_aji", () => {
  const merged = countOverlaps([1, 1, 1, 2, 2, 2, 2, 0], [3, 3, 3, 3, 3, 3, 3, 3]);
  // 3 of 8 points, and 4 of 8.
  expect(aggregatedJaccard(merged)).toBeCloseTo(7 / 16, 12);
  expect(matchCells(merged, 0.5)).toMatchObject({ hits: 1, iouSum: 0.5, missed: 1, wrong: 0 });
});

test("borders are met as often as when every pair of border points is measured", () => {
  const [height, width] = [23, 31];
  const disc = (y: number, x: number, radius: number): number[] =>
    Array.from({ length: height * width }, (_, at) =>
      Math.hypot(Math.floor(at / width) - y, (at % width) - x) <= radius ? 1 : 0,
    );
  const planes = [disc(9, 12, 7), disc(11, 16, 8)];
  const borders = planes.map((labels) =>
    Array.from(labels.keys()).filter((at) => {
      const [row, column] = [Math.floor(at / width), at % width];
      const isOutside = (y: number, x: number): boolean =>
        y >= 0 && y < height && x >= 0 && x < width && labels[y * width + x] === 0;
      const sides = [isOutside(row - 1, column), isOutside(row + 1, column), isOutside(row, column - 1)];
      return labels[at] === 1 && (sides.includes(true) || isOutside(row, column + 1));
    }),
  );
  const met = (own: readonly number[], other: readonly number[], tolerance: number): number =>
    own.filter((a) =>
      other.some(
        (b) => Math.hypot(Math.floor(a / width) - Math.floor(b / width), (a % width) - (b % width)) <= tolerance,
      ),
    ).length;
  for (const tolerance of [0, 1, 2, 3.5]) {
    const [first, second] = planes.map((labels) => ({ height, width, labels }));
    expect(countBorders(first, second, { tolerance })).toEqual({
      truth: borders[0].length,
      truthMet: met(borders[0], borders[1], tolerance),
      found: borders[1].length,
      foundMet: met(borders[1], borders[0], tolerance),
    });
  }
});
