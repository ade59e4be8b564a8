import { bootstrapInterval } from "../../statistics/bootstrap.ts";
import { correctPValues } from "../../statistics/correction.ts";
import { hedgesG } from "../../statistics/effect-size.ts";
import { median, quartiles } from "../../statistics/summary.ts";
import { pairedTest } from "../../statistics/t-tests.ts";
import type { Sample } from "../../statistics/sample.ts";
import { type ComparisonCell, type DrawnRun, groupCells, nameType } from "./comparison.ts";

/** Test accuracies of a cell over its seeds, as shares; diverged runs are counted but excluded from the figures. */
export interface CellSummary {
  readonly depth: number;
  readonly name: string;
  readonly shortcut: string;
  /** Runs that ended with a network. */
  readonly count: number;
  readonly diverged: number;
  /** Absent without such a run. */
  readonly median?: number;
  readonly quartiles?: readonly [q1: number, q2: number, q3: number];
  /** 95 % interval of the mean by BCa bootstrap; absent below three seeds. */
  readonly interval?: { readonly low: number; readonly high: number };
}

/** Fewer seeds say nothing about their spread. */
export const FEWEST_SEEDS = 3;
const LEVEL = 0.05;
/** Differences below half a point are irrelevant at these budgets. */
const NEGLIGIBLE = 0.005;

const ended = (runs: readonly DrawnRun[]): readonly DrawnRun[] =>
  runs.filter(({ status, testAccuracy }) => status === "done" && Number.isFinite(testAccuracy));

/** What a cell's runs come to. */
export function summarizeCell(cell: ComparisonCell): CellSummary {
  const accuracies = ended(cell.runs).map(({ testAccuracy }) => testAccuracy);
  const base = {
    depth: cell.depth,
    name: nameType(cell),
    shortcut: cell.shortcut,
    count: accuracies.length,
    diverged: cell.runs.filter(({ status }) => status === "diverged").length,
  };
  if (accuracies.length === 0) return base;
  const figures = { ...base, median: median(accuracies), quartiles: quartiles(accuracies) };
  if (accuracies.length < FEWEST_SEEDS) return figures;
  const { low, high } = bootstrapInterval(accuracies);
  return { ...figures, interval: { low, high } };
}

/** Two types at one depth, paired by seed, the better one first. Differences are shares of the test images. */
export interface TypePair {
  readonly depth: number;
  readonly better: string;
  readonly worse: string;
  /** Seeds that both types have a network for. */
  readonly seeds: number;
  readonly difference: number;
  /** 95 % interval of the difference, widened by what Holm multiplies its p with: it holds 0 just where p is not below 0.05. */
  readonly interval?: readonly [low: number, high: number];
  /** p of the paired t test, Holm-corrected over all pairs of the comparison. */
  readonly p?: number;
  /** Hedges' g. */
  readonly effect?: number;
  readonly verdict: "better" | "alike" | "not enough seeds";
}

interface Measured {
  readonly depth: number;
  readonly names: readonly [string, string];
  readonly a: Sample;
  readonly b: Sample;
}

function pairRuns(first: ComparisonCell, second: ComparisonCell): Measured {
  const other = new Map(ended(second.runs).map((run) => [run.seed, run.testAccuracy]));
  const shared = ended(first.runs).filter(({ seed }) => other.has(seed));
  const a = shared.map(({ testAccuracy }) => testAccuracy);
  const b = shared.map(({ seed }) => other.get(seed)!);
  const mean = (sample: Sample): number => sample.reduce((sum, value) => sum + value, 0) / sample.length;
  const names = [nameType(first), nameType(second)] as const;
  return mean(b) > mean(a)
    ? { depth: first.depth, names: [names[1], names[0]], a: b, b: a }
    : { depth: first.depth, names, a, b };
}

/**
 * The level that Holm tests each p at: the k-th smallest of n at 0.05 / (n − k + 1), and all after the first that fails at the
 * level of that one. An interval of one minus this level excludes 0 just where the corrected p is below 0.05.
 */
function holmLevels(values: readonly number[]): readonly number[] {
  const order = values.map((_, index) => index).toSorted((a, b) => values[a] - values[b]);
  const levels = values.map(() => LEVEL);
  let level = 0;
  let hasFailed = false;
  order.forEach((index, rank) => {
    if (!hasFailed) level = LEVEL / (values.length - rank);
    hasFailed ||= values[index] >= level;
    levels[index] = level;
  });
  return levels;
}

/** Tests every two types of one depth, paired by seed. */
export function compareTypes(runs: readonly DrawnRun[]): readonly TypePair[] {
  const cells = groupCells(runs);
  const measured = cells
    .flatMap((cell, index) =>
      cells
        .slice(index + 1)
        .filter(({ depth }) => depth === cell.depth)
        .map((other) => pairRuns(cell, other)),
    )
    .filter(({ a }) => a.length > 0);
  const tests = measured.map(({ a, b }) => (a.length < FEWEST_SEEDS ? undefined : pairedTest(a, b)));
  // Pairs without spread or difference give NaN: no evidence of a difference.
  const values = tests.flatMap((test) => (test === undefined ? [] : [Number.isNaN(test.p) ? 1 : test.p]));
  const corrected = correctPValues(values, "holm");
  const levels = holmLevels(values);
  let next = 0;
  return measured.map(({ depth, names: [better, worse], a, b }, index): TypePair => {
    const seeds = a.length;
    const test = tests[index];
    const difference = a.reduce((sum, value, at) => sum + value - b[at], 0) / seeds;
    const pair = { depth, better, worse, seeds, difference };
    if (test === undefined) return { ...pair, verdict: "not enough seeds" };
    const p = corrected[next];
    const [low, high] = pairedTest(a, b, { confidence: 1 - levels[next++] }).interval;
    const effect = hedgesG(a, b);
    const isSmall = Math.max(Math.abs(low), Math.abs(high)) < NEGLIGIBLE;
    const verdict = p < LEVEL ? "better" : isSmall ? "alike" : "not enough seeds";
    return { ...pair, interval: [low, high], p, ...(Number.isFinite(effect) ? { effect } : {}), verdict };
  });
}
