import { kaplanMeier } from "../../statistics/survival.ts";
import type { LinesFigure, SeriesPoint, TableFigure } from "../../report/figures.ts";
import type { Report } from "../../report/report.ts";
import { pText, type Words } from "../../report/words.ts";
import { type ComparisonCell, type DrawnRun, groupCells, nameType } from "./comparison.ts";
import { compareGoals, type CostUnit, costUnits, durationsOf, type GoalPair, summarizeGoals } from "./goal-costs.ts";
import { costFigure, goalPercent } from "./goal-words.ts";

const both = (en: string, zh: string): Words => ({ en, zh });
const right = (en: string, zh: string): TableFigure["columns"][number] => ({ title: both(en, zh), align: "right" });

const unitLabels: { readonly [Unit in CostUnit]: Words } = {
  multiplyAdds: both("multiply-adds of the forward passes, G", "前向传播的乘加次数，G"),
  steps: both("training step", "训练步"),
  seconds: both("seconds of training", "训练秒数"),
};
const unitScales: { readonly [Unit in CostUnit]: number } = { multiplyAdds: 1e9, steps: 1, seconds: 1 };

/** The share of the runs that have reached the accuracy, 1 less the Kaplan-Meier estimate, as stairs. */
function stairsOf(cell: ComparisonCell, unit: CostUnit): readonly SeriesPoint[] {
  const durations = durationsOf(cell.runs, unit);
  const points: SeriesPoint[] = [{ x: 0, y: 0 }];
  for (const { time, survival } of kaplanMeier(durations)) {
    const x = time / unitScales[unit];
    points.push({ x, y: points.at(-1)!.y }, { x, y: 100 * (1 - survival) });
  }
  const end = Math.max(...durations.map(({ time }) => time)) / unitScales[unit];
  return [...points, { x: end, y: points.at(-1)!.y }];
}

function reachedFigure(
  cells: readonly ComparisonCell[],
  { unit, until, colorOf }: { readonly unit: CostUnit; readonly until: number; readonly colorOf: ColorOf },
): LinesFigure {
  const goal = goalPercent(until);
  return {
    kind: "lines",
    name: `reached-by-${unit.toLowerCase()}`,
    caption: both(
      `Share of the runs that have reached ${goal} of the test images (1 − Kaplan-Meier): a run that does not reach it counts until its budget ends.`,
      `已达到测试准确率 ${goal} 的训练所占比例（1 − Kaplan-Meier）：未达到的训练计到其预算结束为止。`,
    ),
    x: { label: unitLabels[unit] },
    y: { label: both("runs that reached it, %", "已达到的训练，%"), domain: [0, 100] },
    series: cells.map((cell) => ({
      name: nameType(cell),
      panel: both(`depth ${cell.depth}`, `深度 ${cell.depth}`),
      points: stairsOf(cell, unit),
      ...colorOf(cell),
    })),
  };
}

function costsTable(runs: readonly DrawnRun[]): TableFigure {
  return {
    kind: "table",
    name: "costs",
    caption: both(
      "Kaplan-Meier medians, until the first test that reached it; – where fewer than half did. The restricted mean counts runs that did not reach it with the cheapest budget of the depth; ± is its standard error. A training step multiplies about three times as much as its forward pass.",
      "Kaplan-Meier 中位数，计到首次达到目标的测试；不到一半达到时为 –。限制均值把未达到的训练按该深度最小的预算计；± 为其标准误。一个训练步的乘法量约为其前向传播的三倍。",
    ),
    columns: [
      right("depth", "深度"),
      { title: both("shortcut", "快捷连接") },
      right("reached", "达到"),
      right("diverged", "发散"),
      right("steps", "步数"),
      right("multiply-adds", "乘加次数"),
      right("time", "时间"),
      right("restricted mean, multiply-adds", "限制均值（乘加次数）"),
    ],
    rows: summarizeGoals(runs).map(({ depth, name, reached, count, diverged, median, restricted }) => {
      const cost = (unit: CostUnit): Words => (median[unit] === undefined ? "–" : costFigure(unit, median[unit]));
      const giga = (value: number): string => `${(value / 1e9).toPrecision(3)} G`;
      return [
        String(depth),
        name,
        `${reached} / ${count}`,
        String(diverged),
        cost("steps"),
        cost("multiplyAdds"),
        cost("seconds"),
        restricted === undefined ? "–" : `${giga(restricted.mean)} ± ${giga(restricted.error)}`,
      ];
    }),
  };
}

const verdicts: { readonly [Verdict in GoalPair["verdict"]]: Words } = {
  cheaper: both("cheaper", "更省"),
  "not enough seeds": both("not enough seeds to tell", "种子数不足以判断"),
};

function pairsTable(pairs: readonly GoalPair[]): TableFigure {
  return {
    kind: "table",
    name: "cost-pairs",
    caption: both(
      "Exact log-rank test of the multiply-adds taken, both types censored at the cheapest budget of their depth; p Holm-corrected over all pairs. The ratio is that of the restricted means.",
      "对所用乘加次数的精确对数秩检验，两类型均在该深度最小的预算处删失；p 经全部配对的 Holm 校正。比值为限制均值之比。",
    ),
    columns: [
      right("depth", "深度"),
      { title: both("cheaper", "较省") },
      { title: both("dearer", "较费") },
      right("ratio", "比值"),
      right("p (Holm)", "p（Holm）"),
      right("runs", "训练次数"),
      { title: both("verdict", "结论") },
    ],
    rows: pairs.map(({ depth, cheaper, dearer, ratio, p, runs, verdict }) => [
      String(depth),
      cheaper,
      dearer,
      ratio.toFixed(2),
      p === undefined ? "–" : pText(p),
      runs.join(" / "),
      verdicts[verdict],
    ]),
  };
}

type ColorOf = (cell: ComparisonCell) => { readonly color?: string };

/** What an accuracy took: who has reached it after how much, and the tests behind it. */
export function goalSections(runs: readonly DrawnRun[], until: number, colorOf: ColorOf): Report["sections"] {
  const cells = groupCells(runs);
  const pairs = compareGoals(runs);
  const goal = goalPercent(until);
  return [
    {
      heading: both(`What ${goal} takes`, `达到 ${goal} 的开销`),
      parts: [...costUnits.map((unit) => reachedFigure(cells, { unit, until, colorOf })), costsTable(runs)],
    },
    ...(pairs.length === 0 ? [] : [{ heading: both("Pairwise comparison", "两两比较"), parts: [pairsTable(pairs)] }]),
  ];
}
