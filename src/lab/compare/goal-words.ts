import { namedP } from "../../report/words.ts";
import { describeDiverged, describeFewSeeds, describeSkipped, seeds, whereWords } from "./cautions.ts";
import type { Comparison, ComparisonWords, Sentence } from "./comparison.ts";
import { compareGoals, type CostUnit, type GoalPair, type GoalSummary, summarizeGoals } from "./goal-costs.ts";

/** An accuracy to train until, such as "90 %" or "92.5 %". */
export const goalPercent = (until: number): string => `${Number((100 * until).toFixed(2))} %`;

const scales: readonly (readonly [number, string])[] = [
  [1e15, " P"],
  [1e12, " T"],
  [1e9, " G"],
  [1e6, " M"],
];

/** A cost in figures, such as "1.27 T", "520" or "3.2 min". */
export function costFigure(unit: CostUnit, value: number): Sentence {
  if (unit === "multiplyAdds") {
    const [scale, name] = scales.find(([least]) => value >= least) ?? [1, ""];
    const text = `${Number((value / scale).toPrecision(3))}${name}`;
    return { en: text, zh: text };
  }
  if (unit === "steps") return { en: value.toLocaleString("en-US"), zh: value.toLocaleString("en-US") };
  if (value < 90) return { en: `${value.toPrecision(2)} s`, zh: `${value.toPrecision(2)} 秒` };
  return value < 5400
    ? { en: `${(value / 60).toFixed(1)} min`, zh: `${(value / 60).toFixed(1)} 分钟` }
    : { en: `${(value / 3600).toFixed(1)} h`, zh: `${(value / 3600).toFixed(1)} 小时` };
}

/** What one type's runs took. */
function describeCell(summary: GoalSummary, where: Sentence): Sentence {
  const { name, reached, count, budget, median } = summary;
  const [sums, steps, time] = (["multiplyAdds", "steps", "seconds"] as const).map((unit) =>
    median[unit] === undefined ? undefined : costFigure(unit, median[unit]),
  );
  const missed = count - reached;
  const limit = budget.toLocaleString("en-US");
  const parts = {
    en: [
      `${where.en}${name} reaches it in ${reached} of ${count} ${count === 1 ? "run" : "runs"}`,
      ...(sums && steps && time ? [`median ${steps.en} steps, ${sums.en} multiply-adds, ${time.en}`] : []),
      ...(missed === 0
        ? []
        : [`${missed} did not within ${limit} steps and ${missed === 1 ? "counts" : "count"} as longer`]),
    ],
    zh: [
      `${where.zh}${name} 的 ${count} 次训练中有 ${reached} 次达到`,
      ...(sums && steps && time ? [`中位数为 ${steps.zh} 步、${sums.zh} 次乘加、${time.zh}`] : []),
      ...(missed === 0 ? [] : [`${missed} 次在 ${limit} 步内未达到，按更长计`]),
    ],
  };
  return { en: `${parts.en.join("; ")}.`, zh: `${parts.zh.join("；")}。` };
}

/** A pair in one sentence, such as "plain takes 1.8 times the computing of pad, …". */
function describePair({ cheaper, dearer, ratio, runs, p, verdict }: GoalPair, where: Sentence): Sentence {
  const proof = {
    en: [`${runs.join(" and ")} runs`, ...(p === undefined ? [] : [`log-rank ${namedP(p)} after Holm`])].join(", "),
    zh: [`${runs.join(" 与 ")} 次训练`, ...(p === undefined ? [] : [`对数秩检验 ${namedP(p)}（Holm 校正后）`])].join(
      "，",
    ),
  };
  const times = ratio.toFixed(2);
  if (verdict === "cheaper")
    return {
      en: `${where.en}${dearer} takes ${times} times the computing of ${cheaper}, ${proof.en}.`,
      zh: `${where.zh}${dearer} 所需计算量是 ${cheaper} 的 ${times} 倍，${proof.zh}。`,
    };
  return {
    en: `${where.en}${cheaper} and ${dearer}: not enough seeds to tell (${dearer} takes ${times} times the computing, ${proof.en}).`,
    zh: `${where.zh}${cheaper} 与 ${dearer}：种子数不足以判断（${dearer} 的计算量是 ${times} 倍，${proof.zh}）。`,
  };
}

/** Further pairs are in the table alone, and further differences in the tests. */
const MOST_PAIRS = 12;
const MOST_NAMED = 3;

function conclude(
  pairs: readonly GoalPair[],
  { until, reached, most }: { readonly until: number; readonly reached: number; readonly most: number },
  where: (depth: number) => Sentence,
): Sentence {
  const goal = goalPercent(until);
  if (most === 0)
    return { en: "No run was finished: there is nothing to compare.", zh: "没有任何训练完成：没有可比较的结果。" };
  if (reached === 0)
    return {
      en: `No run reached ${goal} within its budget: there is no cost to compare. Raise the epochs, or lower the accuracy.`,
      zh: `没有任何训练在预算内达到 ${goal}：没有可比较的开销。请增加轮次，或降低目标准确率。`,
    };
  const few = describeFewSeeds(most);
  if (few !== undefined) return few;
  const told = pairs.filter(({ verdict }) => verdict === "cheaper").toSorted((a, b) => b.ratio - a.ratio);
  const open = pairs.length - told.length;
  if (pairs.length === 0)
    return { en: `The cost of ${goal}, over ${seeds(most)}.`, zh: `${most} 个种子达到 ${goal} 的开销。` };
  if (told.length === 0)
    return {
      en: `${seeds(most)} cannot tell what ${goal} costs these types apart: more seeds would show.`,
      zh: `${most} 个种子不足以区分各类型达到 ${goal} 的开销；需要更多种子。`,
    };
  const named = told.slice(0, MOST_NAMED).map(({ depth, cheaper, dearer, ratio }) => ({
    en: `${where(depth).en.replace(/^At/, "at")}${dearer} takes ${ratio.toFixed(1)} times the computing of ${cheaper}`,
    zh: `${where(depth).zh}${dearer} 所需计算量是 ${cheaper} 的 ${ratio.toFixed(1)} 倍`,
  }));
  const more = told.length - named.length;
  return {
    en: `To reach ${goal}, ${[
      ...named.map(({ en }) => en),
      ...(more === 0 ? [] : [`${more} more ${more === 1 ? "pair differs" : "pairs differ"}`]),
      ...(open === 0 ? [] : [`for ${open} of ${pairs.length} pairs, ${seeds(most)} are not enough to tell`]),
    ].join("; ")}.`,
    zh: `达到 ${goal} 时，${[
      ...named.map(({ zh }) => zh),
      ...(more === 0 ? [] : [`另有 ${more} 对有差异`]),
      ...(open === 0 ? [] : [`${pairs.length} 对中有 ${open} 对，${most} 个种子不足以判断`]),
    ].join("；")}。`,
  };
}

/** Says what it took to reach an accuracy, and how many runs did not. */
export function describeGoals(comparison: Comparison, until: number): ComparisonWords {
  const summaries = summarizeGoals(comparison.runs);
  const pairs = compareGoals(comparison.runs);
  const depths = new Set(summaries.map(({ depth }) => depth)).size;
  const most = Math.max(0, ...summaries.map(({ count }) => count));
  const reached = summaries.reduce((sum, each) => sum + each.reached, 0);
  const where = (depth: number): Sentence => whereWords(depth, depths);
  const verdict = conclude(pairs, { until, reached, most }, where);
  const head = {
    en: `Trained until ${goalPercent(until)} of the test images.`,
    zh: `训练至测试准确率 ${goalPercent(until)}。`,
  };
  const cautions = [
    ...describeDiverged(comparison, {
      en: "they count as not reaching it within the whole budget",
      zh: "按在整个预算内未达到计",
    }),
    ...describeSkipped(comparison),
  ];
  const tested = pairs.filter(({ p }) => p !== undefined);
  return {
    lead: [head, verdict, ...summaries.map((each) => describeCell(each, where(each.depth))), ...cautions],
    told: pairs.filter((pair) => pair.verdict === "cheaper").length,
    pairs: pairs.length,
    seeds: most,
    tests: reached === 0 ? [] : tested.slice(0, MOST_PAIRS).map((pair) => describePair(pair, where(pair.depth))),
  };
}
