import type { Comparison, DrawnRun } from "../lab/compare/comparison.ts";
import type { RunPlan } from "../lab/compare/plan.ts";
import { nameType } from "../lab/compare/comparison.ts";
import type { CompareEvent } from "../lab/compare/node/job.ts";
import { costFigure, goalPercent } from "../lab/compare/goal-words.ts";
import { type Column, formatCount, formatDuration, formatLarge, formatTable } from "./output.ts";
import { createProgress } from "./progress.ts";
import { phrase, type Words } from "../report/words.ts";
import { heads } from "./lang/heads.ts";
import { statusWords } from "./lang/statuses.ts";
import { spokenMessage } from "./lang/language.ts";

const percent = (share: number): string => (Number.isNaN(share) ? "-" : `${(100 * share).toFixed(2)} %`);

/** A run that went well without a gradient there has a first layer that is not trained. */
function formatGradient({ firstLayerGradientNorm, status }: DrawnRun): Words {
  if (Number.isNaN(firstLayerGradientNorm)) return status === "done" ? { en: "frozen", zh: "冻结" } : "-";
  return formatCount(Number(firstLayerGradientNorm.toPrecision(3)));
}

const finalLoss: Column<DrawnRun> = {
  title: { en: "final loss", zh: "最终损失" },
  value: (run) => (Number.isNaN(run.trainLoss) ? "-" : run.trainLoss.toFixed(3)),
  align: "right",
};
const firstLayerGradient: Column<DrawnRun> = {
  title: { en: "first-layer gradient", zh: "首层梯度" },
  value: formatGradient,
  align: "right",
};

const columns: readonly Column<DrawnRun>[] = [
  { title: heads.depth, value: (run) => String(run.depth), align: "right" },
  { title: heads.shortcut, value: nameType },
  { title: heads.seed, value: (run) => String(run.seed), align: "right" },
  { title: heads.parameters, value: (run) => formatCount(run.parameters), align: "right" },
  { title: heads.multiplyAdds, value: (run) => formatLarge(run.multiplyAdds), align: "right" },
  { title: { en: "test accuracy", zh: "测试准确率" }, value: (run) => percent(run.testAccuracy), align: "right" },
  finalLoss,
  firstLayerGradient,
  { title: { en: "images/s", zh: "幅/秒" }, value: (run) => run.imagesPerSecond.toFixed(0), align: "right" },
  { title: heads.status, value: (run) => statusWords[run.status] },
];

/** What a comparison until an accuracy shows of each run, in the place of its final figures. */
const goalColumns: readonly Column<DrawnRun>[] = [
  {
    title: { en: "reached", zh: "达到" },
    value: ({ goal }) => (goal?.reached === true ? { en: "yes", zh: "是" } : { en: "no", zh: "否" }),
  },
  { title: heads.steps, value: ({ goal }) => formatCount(goal?.steps ?? 0), align: "right" },
  {
    title: { en: "multiply-adds in all", zh: "总乘加次数" },
    value: ({ goal, multiplyAdds }) =>
      goal === undefined ? "-" : costFigure("multiplyAdds", goal.steps * goal.imagesPerStep * multiplyAdds),
    align: "right",
  },
  {
    title: { en: "time", zh: "时间" },
    value: ({ goal }) => (goal === undefined ? "-" : costFigure("seconds", goal.seconds)),
    align: "right",
  },
];

/** The table of a comparison's runs. */
export function formatComparison({ runs, settings }: Comparison): string {
  if (settings.until === undefined) return formatTable(columns, runs);
  const ends = new Set<Column<DrawnRun>>([finalLoss, firstLayerGradient]);
  const shown = columns.filter((column) => !ends.has(column));
  return formatTable([...shown.slice(0, -2), ...goalColumns, ...shown.slice(-2)], runs);
}

/** What becomes of a run, where it is more than a step. */
function describeEvent(event: CompareEvent): Words | undefined {
  if (event.kind === "skip") {
    const time = formatDuration(event.seconds);
    return { en: `skipped, would take ${time}`, zh: `跳过，需要 ${time}` };
  }
  if (event.kind === "begin" && event.begin.resumed !== undefined) {
    const step = event.begin.resumed.length + 1;
    return { en: `resumes at step ${step}`, zh: `从第 ${step} 步继续` };
  }
  if (event.kind === "diverged" || event.kind === "overflow") return spokenMessage(event.reason);
  if (event.kind !== "run" || event.result.status === "diverged") return undefined;
  const accuracy = percent(event.result.testAccuracy);
  const { goal } = event.result;
  if (goal !== undefined) {
    const [until, steps] = [goalPercent(goal.accuracy), formatCount(goal.steps)];
    return goal.reached
      ? { en: `${until} reached after ${steps} steps`, zh: `${steps} 步后达到 ${until}` }
      : {
          en: `${until} not reached within ${steps} steps (${accuracy})`,
          zh: `${steps} 步内未达到 ${until}（${accuracy}）`,
        };
  }
  return { en: `test accuracy ${accuracy}`, zh: `测试准确率 ${accuracy}` };
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
  const about = (run: number, words: Words): Words => {
    const [place, plan] = [`[${run + 1}/${runs.length}]`, runs[run]];
    return phrase(
      {
        en: `${place} depth ${plan.depth}, ${nameType(plan)}, seed ${plan.seed}: `,
        zh: `${place} 深度 ${plan.depth}，${nameType(plan)}，种子 ${plan.seed}：`,
      },
      words,
    );
  };
  return (event) => {
    if (event.kind === "note") return progress.finish(spokenMessage(event.text));
    const ended = describeEvent(event);
    if (ended !== undefined && "run" in event) return progress.finish(about(event.run, ended));
    if (event.kind !== "step") return;
    const share = (before(event.run) + (weights[event.run] * event.step) / event.steps) / total;
    const rate = (1000 * event.images) / event.milliseconds;
    const [steps, loss] = [`${event.step}/${event.steps}`, event.loss.toFixed(3)];
    const words = {
      en: `step ${steps}, loss ${loss}, ${rate.toFixed(0)} images/s`,
      zh: `步 ${steps}，损失 ${loss}，${rate.toFixed(0)} 幅/秒`,
    };
    progress.update(about(event.run, words), share);
  };
}
