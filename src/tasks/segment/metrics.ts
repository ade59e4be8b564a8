import { distanceToOutside } from "./data/distance.ts";

/** A plane of labels: ids of cells, or classes; 0 is background. */
export interface LabelPlane {
  readonly height: number;
  readonly width: number;
  readonly labels: ArrayLike<number>;
}

/** Points that each pair of a true and a found cell has in common. */
export interface Overlaps {
  /** Numbers of the true and of the found cells, by place. */
  readonly ids: { readonly truth: readonly number[]; readonly found: readonly number[] };
  /** Points of each true and each found cell, by place. */
  readonly truth: readonly number[];
  readonly found: readonly number[];
  /** Pairs that have a point in common: places of the two, and how many. */
  readonly pairs: readonly { readonly truth: number; readonly found: number; readonly points: number }[];
}

/** Counts overlaps. Points at which `truth` is `ignored` count on neither side. */
export function countOverlaps(truth: ArrayLike<number>, found: ArrayLike<number>, ignored?: number): Overlaps {
  const places = [new Map<number, number>(), new Map<number, number>()] as const;
  const areas: [number[], number[]] = [[], []];
  const placeOf = (side: 0 | 1, id: number): number => {
    const known = places[side].get(id);
    if (known !== undefined) return known;
    places[side].set(id, areas[side].length);
    areas[side].push(0);
    return areas[side].length - 1;
  };
  const shared = new Map<number, Map<number, number>>();
  for (let at = 0; at < truth.length; at++) {
    const [a, b] = [truth[at], found[at]];
    if (a === ignored && ignored !== undefined) continue;
    if (a !== 0) areas[0][placeOf(0, a)]++;
    if (b !== 0) areas[1][placeOf(1, b)]++;
    if (a === 0 || b === 0) continue;
    const row = shared.get(placeOf(0, a)) ?? new Map<number, number>();
    shared.set(placeOf(0, a), row.set(placeOf(1, b), (row.get(placeOf(1, b)) ?? 0) + 1));
  }
  const pairs = Array.from(shared, ([own, row]) =>
    Array.from(row, ([other, points]) => ({ truth: own, found: other, points })),
  );
  const ids = { truth: [...places[0].keys()], found: [...places[1].keys()] };
  return { ids, truth: areas[0], found: areas[1], pairs: pairs.flat() };
}

/** Thresholds of the mean average precision: 0.50 to 0.90 by 0.05. */
export const iouThresholds: readonly number[] = Array.from({ length: 9 }, (_, index) => (50 + 5 * index) / 100);

/** Cells that were found, found wrongly and missed, at one threshold. */
export interface Matches {
  readonly threshold: number;
  readonly hits: number;
  readonly wrong: number;
  readonly missed: number;
  /** Sum of the hits' intersections over unions. */
  readonly iouSum: number;
}

function iouOf({ truth, found }: Overlaps, pair: Overlaps["pairs"][number]): number {
  return pair.points / (truth[pair.truth] + found[pair.found] - pair.points);
}

/** A true and a found cell, by place, that are one. */
export interface CellPair {
  readonly truth: number;
  readonly found: number;
  readonly iou: number;
}

/**
 * Pairs cells one to one. From a half on, a cell has at most one partner whose IoU is above the threshold; at exactly a half
 * ties are possible, which are given to the best pairs first.
 *
 * @param threshold at least 0.5; a pair counts if its IoU is at least that
 */
export function pairCells(overlaps: Overlaps, threshold: number): readonly CellPair[] {
  const pairs = overlaps.pairs
    .map((pair) => ({ truth: pair.truth, found: pair.found, iou: iouOf(overlaps, pair) }))
    .filter(({ iou }) => iou >= threshold)
    .toSorted((a, b) => b.iou - a.iou);
  const [takenTruth, takenFound] = [new Set<number>(), new Set<number>()];
  return pairs.filter(({ truth, found }) => {
    if (takenTruth.has(truth) || takenFound.has(found)) return false;
    takenTruth.add(truth);
    takenFound.add(found);
    return true;
  });
}

/** Counts the pairs of {@link pairCells}, and what is left over on either side. */
export function matchCells(overlaps: Overlaps, threshold: number): Matches {
  const pairs = pairCells(overlaps, threshold);
  const hits = pairs.length;
  const iouSum = pairs.reduce((sum, { iou }) => sum + iou, 0);
  return { threshold, hits, wrong: overlaps.found.length - hits, missed: overlaps.truth.length - hits, iouSum };
}

/** TP / (TP + FP + FN); 1 where there was nothing to find and nothing was found. */
export function averagePrecision({ hits, wrong, missed }: Matches): number {
  const all = hits + wrong + missed;
  return all === 0 ? 1 : hits / all;
}

/** 2·TP / (2·TP + FP + FN); 1 where there was nothing to find and nothing was found. */
export function f1({ hits, wrong, missed }: Pick<Matches, "hits" | "wrong" | "missed">): number {
  const all = 2 * hits + wrong + missed;
  return all === 0 ? 1 : (2 * hits) / all;
}

/** Panoptic quality, Σ IoU of hits / (TP + FP/2 + FN/2). @source Kirillov et al. 2019, arXiv:1801.00868, equation 1 */
export function panopticQuality({ hits, wrong, missed, iouSum }: Matches): number {
  const all = hits + wrong / 2 + missed / 2;
  return all === 0 ? 1 : iouSum / all;
}

/**
 * Aggregated Jaccard index: each true cell takes the found one of the highest IoU; their common points over the points of
 * either, with all points of found cells that nobody took below.
 *
 * @source Kumar et al. 2017, "A dataset and a technique for generalized nuclear segmentation", algorithm 1
 */
export function aggregatedJaccard(overlaps: Overlaps): number {
  const { truth, found } = overlaps;
  const best = new Map<number, { readonly found: number; readonly points: number; readonly iou: number }>();
  for (const pair of overlaps.pairs) {
    const iou = iouOf(overlaps, pair);
    if (iou > (best.get(pair.truth)?.iou ?? 0)) best.set(pair.truth, { ...pair, iou });
  }
  const used = new Set(Array.from(best.values(), (pair) => pair.found));
  let [common, either] = [0, 0];
  truth.forEach((area, place) => {
    const partner = best.get(place);
    common += partner?.points ?? 0;
    either += area + (partner === undefined ? 0 : found[partner.found] - partner.points);
  });
  found.forEach((area, place) => (either += used.has(place) ? 0 : area));
  return either === 0 ? 1 : common / either;
}

/** Points of a foreground in common, and of each side. */
export interface RegionCounts {
  readonly both: number;
  readonly truth: number;
  readonly found: number;
}

/** Counts points of one class, or of all that are not background if no class is given. */
export function countRegion(
  truth: ArrayLike<number>,
  found: ArrayLike<number>,
  about: { readonly label?: number; readonly ignored?: number } = {},
): RegionCounts {
  const { label, ignored } = about;
  const isIn = (value: number): boolean => (label === undefined ? value !== 0 : value === label);
  const counts = { both: 0, truth: 0, found: 0 };
  for (let at = 0; at < truth.length; at++) {
    if (ignored !== undefined && truth[at] === ignored) continue;
    const [a, b] = [isIn(truth[at]), isIn(found[at])];
    if (a) counts.truth++;
    if (b) counts.found++;
    if (a && b) counts.both++;
  }
  return counts;
}

/** 2·|A ∩ B| / (|A| + |B|); 1 where both are empty. */
export function dice({ both, truth, found }: RegionCounts): number {
  return truth + found === 0 ? 1 : (2 * both) / (truth + found);
}

/** |A ∩ B| / |A ∪ B|; 1 where both are empty. */
export function intersectionOverUnion({ both, truth, found }: RegionCounts): number {
  return truth + found === 0 ? 1 : both / (truth + found - both);
}

/** Points of the foreground that have a neighbour in the background; neither the image's edge nor an ignored point is a border. */
function borderOf({ labels, height, width }: LabelPlane, isIgnored: (at: number) => boolean): Uint8Array {
  const border = new Uint8Array(height * width);
  const isOut = (at: number): boolean => labels[at] === 0 && !isIgnored(at);
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      if (labels[at] === 0 || isIgnored(at)) continue;
      const isBorder =
        (column > 0 && isOut(at - 1)) ||
        (column < width - 1 && isOut(at + 1)) ||
        (row > 0 && isOut(at - width)) ||
        (row < height - 1 && isOut(at + width));
      border[at] = isBorder ? 1 : 0;
    }
  }
  return border;
}

/** Border points, and those that have one of the other side's within the tolerance. */
export interface BorderCounts {
  readonly truth: number;
  readonly truthMet: number;
  readonly found: number;
  readonly foundMet: number;
}

/**
 * Counts border points of the foregrounds that lie within `tolerance` points of the other's border. Points at which `truth` is
 * `ignored` count on neither side.
 *
 * @source Csurka et al. 2013, "What is a good evaluation measure for semantic segmentation?", boundary F1
 */
export function countBorders(
  truth: LabelPlane,
  found: LabelPlane,
  { tolerance = 2, ignored }: { readonly tolerance?: number; readonly ignored?: number } = {},
): BorderCounts {
  const { height, width } = truth;
  const isIgnored = (at: number): boolean => ignored !== undefined && truth.labels[at] === ignored;
  const borders = [truth, found].map((side) => borderOf(side, isIgnored));
  const met = (own: Uint8Array, other: Uint8Array): readonly [number, number] => {
    let [all, near] = [0, 0];
    const isAny = other.includes(1);
    // Distances to the other's border: those of what is not border to what is.
    const distances = distanceToOutside(
      other.map((value) => 1 - value),
      height,
      width,
    );
    for (let at = 0; at < own.length; at++) {
      if (own[at] === 0) continue;
      all++;
      if (isAny && distances[at] <= tolerance) near++;
    }
    return [all, near];
  };
  const [truthAll, truthMet] = met(borders[0], borders[1]);
  const [foundAll, foundMet] = met(borders[1], borders[0]);
  return { truth: truthAll, truthMet, found: foundAll, foundMet };
}

/** Harmonic mean of the shares of found and of true border that are met; 1 where there is none. */
export function borderF1({ truth, truthMet, found, foundMet }: BorderCounts): number {
  if (truth + found === 0) return 1;
  if (truth === 0 || found === 0 || truthMet + foundMet === 0) return 0;
  const [precision, recall] = [foundMet / found, truthMet / truth];
  return (2 * precision * recall) / (precision + recall);
}
