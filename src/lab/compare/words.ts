import type { Comparison, ComparisonWords, Sentence } from "./comparison.ts";
import { type CellSummary, compareTypes, FEWEST_SEEDS, summarizeCell, type TypePair } from "./statistics.ts";
import { namedP, withMinus } from "../../report/words.ts";
import { describeDiverged, describeFewSeeds, describeSkipped, seeds, whereWords } from "./cautions.ts";
import { groupCells } from "./comparison.ts";
import { describeGoals } from "./goal-words.ts";

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const points = (share: number): string => withMinus((100 * share).toFixed(Math.abs(share) < 0.0095 ? 2 : 1));

/** Cohen's words for sizes. */
function sizeOf(effect: number): Sentence {
  const size = Math.abs(effect);
  if (size < 0.2) return { en: "negligible", zh: "可忽略的效应" };
  if (size < 0.5) return { en: "small", zh: "小效应" };
  return size < 0.8 ? { en: "medium", zh: "中等效应" } : { en: "large", zh: "大效应" };
}

/** A pair in one sentence, such as "project beats pad by 0.4 points, 95 % interval 0.1 to 0.7, 5 seeds". */
export function describePair(pair: TypePair, where: Sentence = { en: "", zh: "" }): Sentence {
  const { better, worse, difference, interval, p, effect, verdict } = pair;
  const by = points(difference);
  const size = effect === undefined ? undefined : sizeOf(effect);
  const range = interval === undefined ? undefined : interval.map(points);
  const proof = {
    en: [
      ...(range === undefined ? [] : [`95 % interval after Holm ${range[0]} to ${range[1]}`]),
      seeds(pair.seeds),
      ...(p === undefined ? [] : [namedP(p)]),
      ...(effect === undefined || size === undefined ? [] : [`Hedges' g ${effect.toFixed(1)}, ${size.en}`]),
    ].join(", "),
    zh: [
      ...(range === undefined ? [] : [`Holm 校正后 95 % 置信区间 ${range[0]} 至 ${range[1]}`]),
      `${pair.seeds} 个种子`,
      ...(p === undefined ? [] : [namedP(p)]),
      ...(effect === undefined || size === undefined ? [] : [`Hedges' g ${effect.toFixed(1)}，${size.zh}`]),
    ].join("，"),
  };
  if (verdict === "better")
    return {
      en: `${where.en}${better} beats ${worse} by ${by} points, ${proof.en}.`,
      zh: `${where.zh}${better} 比 ${worse} 高 ${by} 个百分点，${proof.zh}。`,
    };
  if (verdict === "alike")
    return {
      en: `${where.en}${better} and ${worse} are within half a point of each other, ${proof.en}.`,
      zh: `${where.zh}${better} 与 ${worse} 相差不到半个百分点，${proof.zh}。`,
    };
  return {
    en: `${where.en}${better} and ${worse}: not enough seeds to tell (${better} is ${by} points higher, ${proof.en}).`,
    zh: `${where.zh}${better} 与 ${worse}：种子数不足以判断（${better} 高 ${by} 个百分点，${proof.zh}）。`,
  };
}

/** What the plain networks of a depth come to beside the residual ones, whatever either are called. */
function describeDepth(cells: readonly CellSummary[], depth: number): readonly Sentence[] {
  const here = cells.filter((cell) => cell.depth === depth && cell.median !== undefined);
  const [plain, residual] = [true, false].map((isPlain) =>
    here.filter(({ shortcut }) => (shortcut === "plain") === isPlain).map((cell) => cell.median!),
  );
  if (plain.length === 0 || residual.length === 0) return [];
  const range = (medians: readonly number[], to: string): string =>
    [...new Set([Math.min(...medians), Math.max(...medians)].map(percent))].join(to);
  const networks = plain.length === 1 ? "network reaches" : "networks reach";
  return [
    {
      en: `At depth ${depth} the plain ${networks} ${range(plain, " to ")} of the test images, the residual ones ${range(residual, " to ")}.`,
      zh: `深度为 ${depth} 时，普通网络的测试准确率为 ${range(plain, " 至 ")}，残差网络为 ${range(residual, " 至 ")}。`,
    },
  ];
}

/** Further pairs appear only in the table. */
const MAXIMUM_PAIRS = 12;
/** Differences that a verdict names; the others are in its tests. */
const MAXIMUM_NAMED = 3;

const joinList = (parts: readonly string[], last: string): string =>
  parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")}${last}${parts.at(-1)}`;

const countSeeds = (most: number): Sentence => ({ en: `Medians over ${most} seeds.`, zh: `${most} 个种子的中位数。` });

/** The answer of the tests. */
function concludePairs(pairs: readonly TypePair[], most: number, where: (depth: number) => Sentence): Sentence {
  const few = describeFewSeeds(most);
  if (few !== undefined) return few;
  // One type alone, or none that ended.
  if (pairs.length === 0) return countSeeds(most);
  const told = pairs.filter(({ verdict }) => verdict === "better").toSorted((a, b) => b.difference - a.difference);
  const alike = pairs.filter(({ verdict }) => verdict === "alike").length;
  const open = pairs.length - told.length - alike;
  const widest = Math.max(0, ...pairs.map(({ difference }) => difference));
  if (told.length + alike === 0)
    return {
      en: `${seeds(most)} cannot tell these types apart: the differences, up to ${points(widest)} points, may be chance. More seeds would show.`,
      zh: `${most} 个种子不足以区分这些类型：差异最多 ${points(widest)} 个百分点，可能出于偶然；需要更多种子。`,
    };
  const named = told.slice(0, MAXIMUM_NAMED);
  const more = told.length - named.length;
  // "At depth 14, pad beats plain by 2.1 and project by 1.4 points": one clause for each type that is ahead.
  const ahead = named.filter(
    ({ depth, better }, index) => named.findIndex((pair) => pair.depth === depth && pair.better === better) === index,
  );
  const alone = ahead.map(({ depth, better }) => {
    const group = named.filter((pair) => pair.depth === depth && pair.better === better);
    return {
      en: `${where(depth).en.replace(/^At/, "at")}${better} beats ${joinList(
        group.map(({ worse, difference }) => `${worse} by ${points(difference)}`),
        " and ",
      )} points`,
      zh: `${where(depth).zh}${better} ${group
        .map(({ worse, difference }) => `比 ${worse} 高 ${points(difference)}`)
        .join("、")} 个百分点`,
    };
  });
  const rest = {
    en: [
      ...(alike === 0 ? [] : [`${alike} ${alike === 1 ? "pair is" : "pairs are"} within half a point`]),
      ...(open === 0 ? [] : [`for ${open} of ${pairs.length} pairs, ${seeds(most)} are not enough to tell`]),
    ].join("; "),
    zh: [
      ...(alike === 0 ? [] : [`${alike} 对相差不到半个百分点`]),
      ...(open === 0 ? [] : [`${pairs.length} 对中有 ${open} 对，${most} 个种子不足以判断`]),
    ].join("；"),
  };
  const head = {
    en: [
      ...alone.map(({ en }) => en),
      ...(more === 0 ? [] : [`${more} more ${more === 1 ? "pair differs" : "pairs differ"}`]),
    ].join("; "),
    zh: [...alone.map(({ zh }) => zh), ...(more === 0 ? [] : [`另有 ${more} 对有差异`])].join("；"),
  };
  const join = (parts: readonly string[], by: string): string => parts.filter((part) => part !== "").join(by);
  const en = join([head.en, rest.en], "; ");
  // Types are written as they are called, also at the start.
  return {
    en: `${en.replace(/^(at|for) /, (word) => (word === "at " ? "At " : "For "))}.`,
    zh: `${join([head.zh, rest.zh], "；")}。`,
  };
}

/** Says what the runs show, and only what was measured. */
export function describeComparison(comparison: Comparison): ComparisonWords {
  const { runs, settings } = comparison;
  if (settings.until !== undefined) return describeGoals(comparison, settings.until);
  const cells = groupCells(runs).map(summarizeCell);
  const depths = [...new Set(cells.map(({ depth }) => depth))].toSorted((a, b) => a - b);
  const pairs = compareTypes(runs);
  const most = Math.max(0, ...cells.map(({ count, diverged }) => count + diverged));
  const where = (depth: number): Sentence => whereWords(depth, depths.length);
  const verdict = concludePairs(pairs, most, where);
  const medians = depths.flatMap((depth) => describeDepth(cells, depth));
  const cautions = [
    ...describeDiverged(comparison, {
      en: "they are excluded from all numbers, and their curves end there",
      zh: "未计入任何数字，其曲线到此为止",
    }),
    ...describeSkipped(comparison),
  ];
  const told = pairs.filter((pair) => pair.verdict === "better").length;
  const base = { told, pairs: pairs.length, seeds: most };
  // Without tests, what was measured is all there is to say.
  return most < FEWEST_SEEDS || pairs.length === 0
    ? { ...base, lead: [...medians, verdict, ...cautions], tests: [] }
    : { ...base, lead: [verdict, ...cautions], tests: [...medians, ...describePairs(pairs, most, where)] };
}

/** The same as one list, the verdict first. */
export function summarize(comparison: Comparison): readonly Sentence[] {
  const { lead, tests } = describeComparison(comparison);
  return [...lead, ...tests];
}

/** The tests behind a verdict; without enough seeds there are none. */
function describePairs(
  pairs: readonly TypePair[],
  most: number,
  where: (depth: number) => Sentence,
): readonly Sentence[] {
  const told = pairs.filter(({ verdict }) => verdict !== "not enough seeds");
  const untold = pairs.filter(({ verdict }) => verdict === "not enough seeds");
  const shown = [...told, ...untold].slice(0, MAXIMUM_PAIRS);
  const rest = pairs.length - shown.length;
  return [
    countSeeds(most),
    ...shown.map((pair) => describePair(pair, where(pair.depth))),
    ...(rest === 0
      ? []
      : [{ en: `${rest} more pairs are in the report's table.`, zh: `其余 ${rest} 对见报告中的表格。` }]),
  ];
}
