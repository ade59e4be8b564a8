import { correctPValues } from "../../statistics/correction.ts";
import { type Duration, logRankTest, medianDuration, restrictedMean } from "../../statistics/survival.ts";
import { type ComparisonCell, type DrawnRun, type GoalOutcome, groupCells, nameType } from "./comparison.ts";
import { FEWEST_SEEDS } from "./statistics.ts";

/** In what the way to an accuracy is measured: multiply-adds are those of the forward passes of all images trained on. */
export type CostUnit = "multiplyAdds" | "steps" | "seconds";

/** All units, the one that types are compared by first: it does not depend on the machine or on what else it does. */
export const costUnits: readonly CostUnit[] = ["multiplyAdds", "steps", "seconds"];

/** What the runs of a cell took to reach the accuracy. */
export interface GoalSummary {
  readonly depth: number;
  readonly name: string;
  readonly shortcut: string;
  readonly count: number;
  readonly reached: number;
  readonly diverged: number;
  /** Steps after which a run is given up. */
  readonly budget: number;
  /** Kaplan-Meier medians; a unit is absent unless half of the runs reached the accuracy. */
  readonly median: { readonly [Unit in CostUnit]?: number };
  /** Mean multiply-adds, those of the cheapest budget of the depth at most; absent below three runs. */
  readonly restricted?: { readonly mean: number; readonly error: number; readonly limit: number };
}

/** Two types at one depth, the cheaper one first. */
export interface GoalPair {
  readonly depth: number;
  readonly cheaper: string;
  readonly dearer: string;
  readonly runs: readonly [cheaper: number, dearer: number];
  /** Restricted mean multiply-adds of the dearer as a multiple of the cheaper's. */
  readonly ratio: number;
  /** p of the exact log-rank test, Holm-corrected over all pairs of the comparison; absent below three runs. */
  readonly p?: number;
  readonly verdict: "cheaper" | "not enough seeds";
}

const LEVEL = 0.05;

type JudgedRun = DrawnRun & { readonly goal: GoalOutcome };
const judged = (runs: readonly DrawnRun[]): readonly JudgedRun[] =>
  runs.filter((run): run is JudgedRun => run.goal !== undefined);

/** What so many steps of a run cost. */
function costOf({ goal, multiplyAdds }: JudgedRun, unit: CostUnit, steps: number = goal.steps): number {
  if (unit === "steps") return steps;
  return unit === "seconds" ? (goal.seconds * steps) / goal.steps : steps * goal.imagesPerStep * multiplyAdds;
}

/**
 * How long each run took. One that did not reach the accuracy is censored where its budget ends, also if it diverged before: it is
 * known to need more than that, and to censor it where it diverged would hide what it was likely to do.
 */
export function durationsOf(runs: readonly DrawnRun[], unit: CostUnit, limit: number = Infinity): readonly Duration[] {
  return judged(runs).map((run) => {
    const time = costOf(run, unit);
    return { time: Math.min(time, limit), happened: run.goal.reached && time <= limit };
  });
}

/** The largest cost up to which all runs of a depth were followed, or would have been. */
function commonLimit(runs: readonly DrawnRun[], depth: number): number {
  const here = judged(runs).filter((run) => run.depth === depth);
  return Math.min(...here.map((run) => costOf(run, "multiplyAdds", run.goal.budget)));
}

/** What each cell took, in the order of the runs. */
export function summarizeGoals(runs: readonly DrawnRun[]): readonly GoalSummary[] {
  return groupCells(judged(runs)).map((cell) => {
    const own = judged(cell.runs);
    const median = costUnits.flatMap((unit) => {
      const middle = medianDuration(durationsOf(own, unit));
      return middle === undefined ? [] : [[unit, middle] as const];
    });
    const limit = commonLimit(runs, cell.depth);
    return {
      depth: cell.depth,
      name: nameType(cell),
      shortcut: cell.shortcut,
      count: own.length,
      reached: own.filter(({ goal }) => goal.reached).length,
      diverged: own.filter(({ status }) => status === "diverged").length,
      budget: Math.max(...own.map(({ goal }) => goal.budget)),
      median: Object.fromEntries(median),
      ...(own.length < FEWEST_SEEDS
        ? {}
        : { restricted: { ...restrictedMean(durationsOf(own, "multiplyAdds", limit), limit), limit } }),
    };
  });
}

/**
 * Tests every two types of one depth by the multiply-adds that they took. Both are censored at the same cost, so that sharing out
 * the observations by chance is what no difference means, and the exact test holds however few there are.
 */
export function compareGoals(runs: readonly DrawnRun[]): readonly GoalPair[] {
  const cells = groupCells(judged(runs));
  const measured = cells.flatMap((cell, index) =>
    cells
      .slice(index + 1)
      .filter(({ depth }) => depth === cell.depth)
      .map((other) => measurePair(cell, other, commonLimit(runs, cell.depth))),
  );
  const values = measured.flatMap(({ p }) => p ?? []);
  const corrected = correctPValues(values, "holm");
  let next = 0;
  return measured.map(({ p: own, ...pair }): GoalPair => {
    if (own === undefined) return { ...pair, verdict: "not enough seeds" };
    const p = corrected[next++];
    return { ...pair, p, verdict: p < LEVEL ? "cheaper" : "not enough seeds" };
  });
}

function measurePair(first: ComparisonCell, second: ComparisonCell, limit: number): Omit<GoalPair, "verdict"> {
  const sides = [first, second]
    .map((cell) => {
      const durations = durationsOf(cell.runs, "multiplyAdds", limit);
      return { name: nameType(cell), durations, mean: restrictedMean(durations, limit).mean };
    })
    .toSorted((a, b) => a.mean - b.mean);
  const [cheap, dear] = sides;
  const runs = [cheap.durations.length, dear.durations.length] as const;
  const pair = { depth: first.depth, cheaper: cheap.name, dearer: dear.name, runs, ratio: dear.mean / cheap.mean };
  if (Math.min(...runs) < FEWEST_SEEDS) return pair;
  return { ...pair, p: logRankTest(cheap.durations, dear.durations).p };
}
