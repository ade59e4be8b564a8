import { type Comparison, groupCells, nameType, type Sentence } from "./comparison.ts";
import { FEWEST_SEEDS } from "./statistics.ts";

/** "1 seed", "5 seeds" */
export const seeds = (count: number): string => (count === 1 ? "1 seed" : `${count} seeds`);

/** What opens a sentence about one depth, where there are several. */
export function whereWords(depth: number, depths: number): Sentence {
  return depths === 1 ? { en: "", zh: "" } : { en: `At depth ${depth}, `, zh: `深度为 ${depth} 时，` };
}

/** What so few seeds allow to say; undefined if there are enough for a test. */
export function describeFewSeeds(most: number): Sentence | undefined {
  if (most === 1)
    return {
      en: "One seed per cell: another seed would move these numbers.",
      zh: "每种情况只有一个种子：换一个种子，这些数字会变动。",
    };
  if (most >= FEWEST_SEEDS) return undefined;
  return {
    en: `Not enough seeds to tell types apart: ${most} are there, at least ${FEWEST_SEEDS} are needed.`,
    zh: `种子不足，无法区分各类型：现有 ${most} 个，至少需要 ${FEWEST_SEEDS} 个。`,
  };
}

/** The runs that diverged, in each cell that has any. @param fate what becomes of them */
export function describeDiverged({ runs }: Comparison, fate: Sentence): readonly Sentence[] {
  const diverged = groupCells(runs).filter((cell) => cell.runs.some(({ status }) => status === "diverged"));
  return diverged.map((cell) => {
    const count = cell.runs.filter(({ status }) => status === "diverged").length;
    return {
      en: `At depth ${cell.depth}, ${count} of ${seeds(cell.runs.length)} of ${nameType(cell)} diverged; ${fate.en}.`,
      zh: `深度为 ${cell.depth} 时，${nameType(cell)} 的 ${cell.runs.length} 个种子中有 ${count} 个发散，${fate.zh}。`,
    };
  });
}

/** The runs that were planned and never begun. */
export function describeSkipped({ skipped = 0 }: Comparison): readonly Sentence[] {
  return skipped === 0
    ? []
    : [
        {
          en: `${skipped} planned runs did not fit into the time budget.`,
          zh: `有 ${skipped} 次计划的训练因时间不足未进行。`,
        },
      ];
}
