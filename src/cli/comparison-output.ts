import type { Comparison, DrawnRun } from "../lab/compare/comparison.ts";
import type { RunPlan } from "../lab/compare/plan.ts";
import { nameType } from "../lab/compare/comparison.ts";
import type { CompareEvent } from "../lab/compare/node/job.ts";
import { type Column, formatCount, formatDuration, formatLarge, formatTable } from "./output.ts";
import { createProgress } from "./progress.ts";

const percent = (share: number): string => (Number.isNaN(share) ? "-" : `${(100 * share).toFixed(2)} %`);

/** A run that went well without a gradient there has a first layer that is not trained. */
function formatGradient({ firstLayerGradientNorm, status }: DrawnRun): string {
  if (Number.isNaN(firstLayerGradientNorm)) return status === "done" ? "frozen" : "-";
  return formatCount(Number(firstLayerGradientNorm.toPrecision(3)));
}

const columns: readonly Column<DrawnRun>[] = [
  { title: "depth", value: (run) => String(run.depth), align: "right" },
  { title: "shortcut", value: nameType },
  { title: "seed", value: (run) => String(run.seed), align: "right" },
  { title: "parameters", value: (run) => formatCount(run.parameters), align: "right" },
  { title: "multiply-adds", value: (run) => formatLarge(run.multiplyAdds), align: "right" },
  { title: "test accuracy", value: (run) => percent(run.testAccuracy), align: "right" },
  {
    title: "final loss",
    value: (run) => (Number.isNaN(run.trainLoss) ? "-" : run.trainLoss.toFixed(3)),
    align: "right",
  },
  {
    title: "first-layer gradient",
    value: formatGradient,
    align: "right",
  },
  { title: "images/s", value: (run) => run.imagesPerSecond.toFixed(0), align: "right" },
  { title: "status", value: (run) => run.status },
];

/** The table of a comparison's runs. */
export function formatComparison({ runs }: Comparison): string {
  return formatTable(columns, runs);
}

/** Shows progress; the remaining time is estimated from the runs' multiply-adds. */
export function createComparisonReporter(
  runs: readonly RunPlan[],
  costs: readonly number[],
): (event: CompareEvent) => void {
  const progress = createProgress();
  const weights = runs.map(({ length = 1 }, index) => length * costs[index]);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const before = (run: number): number => weights.slice(0, run).reduce((sum, weight) => sum + weight, 0);
  const name = (plan: RunPlan): string => `depth ${plan.depth}, ${nameType(plan)}, seed ${plan.seed}`;
  const place = (run: number): string => `[${run + 1}/${runs.length}] ${name(runs[run])}`;
  return (event) => {
    if (event.kind === "note") return progress.finish(event.text);
    if (event.kind === "skip")
      return progress.finish(`${place(event.run)}: skipped, would take ${formatDuration(event.seconds)}`);
    if (event.kind === "begin" && event.begin.resumed !== undefined)
      return progress.finish(`${place(event.run)}: resumes at step ${event.begin.resumed.length + 1}`);
    if (event.kind === "diverged") return progress.finish(`${place(event.run)}: ${event.reason}`);
    if (event.kind === "run" && event.result.status !== "diverged") {
      return progress.finish(`${place(event.run)}: test accuracy ${percent(event.result.testAccuracy)}`);
    }
    if (event.kind !== "step") return;
    const share = (before(event.run) + (weights[event.run] * event.step) / event.steps) / total;
    const rate = (1000 * event.images) / event.milliseconds;
    progress.update(
      `${place(event.run)}: step ${event.step}/${event.steps}, loss ${event.loss.toFixed(3)}, ` +
        `${rate.toFixed(0)} images/s`,
      share,
    );
  };
}
