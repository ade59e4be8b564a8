import { OptionError } from "../../tensor/errors.ts";
import type { PlannedComparison } from "./plan-comparison.ts";

/** One of several parts into which a comparison's runs are divided, counted from 0. */
export interface Part {
  readonly index: number;
  readonly count: number;
}

/**
 * The runs of one part, in their order. Every run is in one part, whoever asks: the division follows from the plan alone, never
 * from what has been trained. The longest runs are dealt out first, each to the part with the least to do, so that parts
 * take about as long.
 *
 * @throws {OptionError} if there are fewer runs than parts, or no such part
 */
export function takePart(plan: PlannedComparison, { index, count }: Part): PlannedComparison {
  const { runs, costs, recipe } = plan;
  if (!(Number.isInteger(count) && Number.isInteger(index) && index >= 0 && index < count))
    throw new OptionError("part", `must be from 0/${count} to ${count - 1}/${count}, got ${index}/${count}`);
  if (count > runs.length)
    throw new OptionError("part", `divides ${runs.length} network(s) into ${count} parts; give at most ${runs.length}`);
  const work = runs.map(({ length = 1, recipe: own }, run) => length * (own?.epochs ?? recipe.epochs) * costs[run]);
  const order = work.map((_, run) => run).toSorted((a, b) => work[b] - work[a] || a - b);
  const loads = Array.from({ length: count }, () => 0);
  const chosen = order.filter((run) => {
    const least = loads.indexOf(Math.min(...loads));
    loads[least] += work[run];
    return least === index;
  });
  const own = chosen.toSorted((a, b) => a - b);
  return { ...plan, runs: own.map((run) => runs[run]), costs: own.map((run) => costs[run]) };
}
