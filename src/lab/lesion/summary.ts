import { median } from "../../statistics/summary.ts";
import { effectiveLength, type PathLength } from "./paths.ts";
import { groupByCount, type Lesion, type LesionStudy } from "./study.ts";

/** What a study comes to. */
export interface LesionSummary {
  /** Error of the whole network. */
  readonly error: number;
  /** The block whose removal costs least, and most. */
  readonly least?: Lesion;
  readonly most?: Lesion;
  /** Median error with each number of blocks removed. */
  readonly removed: readonly { readonly count: number; readonly error: number }[];
  /** Length up to which paths carry 95 % of the gradient; left out without paths. */
  readonly effectiveLength?: number;
  readonly sentences: readonly { readonly en: string; readonly zh: string }[];
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
/** What counts as most of the gradient. */
const MOST = 0.95;

/** Differences of mean lengths below this share of the blocks are none to speak of. */
const LEAN = 0.03;

/** Whether the gradient comes through shorter or longer paths than there are; undefined without a gradient. */
export function describeLean(paths: readonly PathLength[]): { readonly en: string; readonly zh: string } | undefined {
  const carried = paths.reduce((sum, { contribution }) => sum + contribution, 0);
  if (paths.length < 2 || !(carried > 0)) return undefined;
  const all = paths.reduce((sum, { length, share }) => sum + length * share, 0);
  const gradient = paths.reduce((sum, { length, contribution }) => sum + length * contribution, 0) / carried;
  const [own, mean] = [gradient.toFixed(1), all.toFixed(1)];
  const blocks = paths.length - 1;
  if (Math.abs(gradient - all) < LEAN * blocks || own === mean)
    return {
      en: `The gradient leans neither to shorter nor to longer paths: it comes through ${own} residuals on average, paths have ${mean}.`,
      zh: `梯度不偏向较短或较长的路径：平均经过 ${own} 个残差，全部路径平均有 ${mean} 个。`,
    };
  return gradient < all
    ? {
        en: `The gradient leans to shorter paths: it comes through ${own} residuals on average, paths have ${mean}.`,
        zh: `梯度偏向较短的路径：平均经过 ${own} 个残差，全部路径平均有 ${mean} 个。`,
      }
    : {
        en: `The gradient leans to longer paths: it comes through ${own} residuals on average, paths have ${mean}.`,
        zh: `梯度偏向较长的路径：平均经过 ${own} 个残差，全部路径平均有 ${mean} 个。`,
      };
}

/** Sums up a study in figures and sentences. */
export function summarizeLesions({ lesions, paths, blocks, classes, status }: LesionStudy): LesionSummary {
  const error = lesions.find(({ kind }) => kind === "whole")?.error ?? Number.NaN;
  const singles = lesions.filter(({ kind }) => kind === "remove").toSorted((a, b) => a.error - b.error);
  const [least, most] = [singles[0], singles.at(-1)];
  const removed = groupByCount(lesions, ["remove", "remove set"]).map(({ count, errors }) => ({
    count,
    error: median(errors),
  }));
  const chance = 1 - 1 / classes;
  const sentences = [
    {
      en: `The whole network misclassifies ${percent(error)} of the images.`,
      zh: `完整网络的错误率为 ${percent(error)}。`,
    },
  ];
  if (status === "stopped") {
    const removable = blocks.filter(({ removable: can }) => can).length;
    sentences.push({
      en: `Stopped early: ${lesions.length} networks were evaluated, ${singles.length} of the ${removable} without one block among them; the rest is about these alone.`,
      zh: `提前停止：已评估 ${lesions.length} 个网络，其中移除一个块的有 ${singles.length} 个（共 ${removable} 个）；以下只就这些而言。`,
    });
  }
  if (least !== undefined && most !== undefined) {
    const middle = median(singles.map((lesion) => lesion.error));
    sentences.push({
      en: `With one block removed, the error has a median of ${percent(middle)}, ${percent(least.error)} at best (${least.blocks[0]}) and ${percent(most.error)} at worst (${most.blocks[0]}); guessing would be ${percent(chance)}.`,
      zh: `移除一个块后错误率的中位数为 ${percent(middle)}，最好 ${percent(least.error)}（${least.blocks[0]}），最差 ${percent(most.error)}（${most.blocks[0]}）；随机猜测为 ${percent(chance)}。`,
    });
  }
  const half = removed.find(({ count }) => count >= blocks.length / 2);
  if (half !== undefined)
    sentences.push({
      en: `With ${half.count} of ${blocks.length} blocks removed, the error is ${percent(half.error)}.`,
      zh: `移除 ${blocks.length} 个块中的 ${half.count} 个后，错误率为 ${percent(half.error)}。`,
    });
  for (const asked of lesions.filter(({ kind }) => kind === "asked"))
    sentences.push({
      en: `As requested (${asked.blocks.join(", ")}): ${percent(asked.error)}.`,
      zh: `按您的要求（${asked.blocks.join("、")}）：${percent(asked.error)}。`,
    });
  const lean = describeLean(paths);
  if (lean !== undefined) sentences.push(lean);
  const length = paths.length === 0 ? undefined : effectiveLength(paths, MOST);
  // Nothing is said by "at most all".
  if (length !== undefined && length < paths.length - 1) {
    const share = paths.filter((path) => path.length <= length).reduce((sum, path) => sum + path.share, 0);
    sentences.push({
      en: `95 % of the gradient flows through paths of at most ${length} of ${paths.length - 1} residuals; ${percent(share)} of all paths are that short.`,
      zh: `95 % 的梯度经由至多 ${length} 个残差（共 ${paths.length - 1} 个）的路径；这样短的路径占全部路径的 ${percent(share)}。`,
    });
  }
  return {
    error,
    ...(least === undefined ? {} : { least }),
    ...(most === undefined ? {} : { most }),
    removed,
    ...(length === undefined ? {} : { effectiveLength: length }),
    sentences,
  };
}
