import type { ComparisonWork } from "./job.ts";

/** Decides which runs still fit into the time, from the durations of earlier ones. */
export interface Clock {
  /** How long a run would take that no longer fits; undefined if it fits. */
  missing(run: number): number | undefined;
  /** Notes that a run has ended. @param share of its steps that were taken, without those before an interruption */
  done(run: number, share: number): void;
}

/** @param imagesOf images that a run trains on, over all its steps */
export function createClock({ budget }: ComparisonWork, imagesOf: (run: number) => number): Clock {
  const start = performance.now();
  const passed = (): number => (performance.now() - start) / 1000;
  let [units, lastEnd, measured] = [0, 0, 0];
  const unitsOf = (run: number): number => (budget === undefined ? 0 : budget.costs[run] * imagesOf(run));
  return {
    missing: (run) => {
      const rate = units > 0 ? measured / units : budget?.secondsPerUnit;
      if (budget === undefined || rate === undefined) return undefined;
      const needed = unitsOf(run) * rate;
      return passed() + needed > budget.seconds ? needed : undefined;
    },
    done: (run, share) => {
      units += share * unitsOf(run);
      measured += passed() - lastEnd;
      lastEnd = passed();
    },
  };
}
