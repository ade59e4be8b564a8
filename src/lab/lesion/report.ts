import { onDevice } from "../../report/on-device.ts";
import { median, quantile } from "../../statistics/summary.ts";
import { skipColors } from "../network/architecture.ts";
import type { Figure, LinesFigure } from "../../report/figures.ts";
import type { Report } from "../../report/report.ts";
import { phrase, type Words } from "../../report/words.ts";
import { nameKind } from "../shortcut-words.ts";
import { groupByCount, type LesionKind, type LesionStudy } from "./study.ts";
import { describeLean, summarizeLesions } from "./summary.ts";

const errorAxis = { label: { en: "error, %", zh: "错误率，%" }, domain: [0, 100] } as const;

/** As in the drawing of the architecture. */
const colorOf = (kind: string): { readonly color?: string } =>
  Object.hasOwn(skipColors, kind) ? { color: skipColors[kind as keyof typeof skipColors] } : {};

const untouched: Words = { en: "as trained", zh: "原网络" };

function singleFigure(study: LesionStudy, kind: LesionKind, name: string, caption: Words): Figure {
  const kindOf = (block: string): string => study.blocks.find((known) => known.name === block)?.kind ?? "other";
  return {
    kind: "bars",
    name,
    caption,
    label: { en: "block", zh: "块" },
    value: errorAxis,
    bars: [
      ...study.lesions
        .filter((lesion) => lesion.kind === "whole")
        .map(({ error }) => ({ category: untouched, value: 100 * error, group: untouched, color: "#8b929a" })),
      ...study.lesions
        .filter((lesion) => lesion.kind === kind)
        .map(({ blocks: [block], error }) => ({
          category: block,
          value: 100 * error,
          group: phrase({ en: "shortcut: ", zh: "快捷连接：" }, nameKind(kindOf(block))),
          ...colorOf(kindOf(block)),
        })),
    ],
  };
}

function countFigure(
  study: LesionStudy,
  kinds: readonly LesionKind[],
  about: Pick<LinesFigure, "name" | "caption"> & { readonly x: Words },
): Figure {
  const counted = groupByCount(study.lesions, kinds);
  return {
    kind: "lines",
    name: about.name,
    caption: about.caption,
    x: { label: about.x },
    y: errorAxis,
    series: [
      {
        name: { en: "median, with the middle half of the draws", zh: "中位数及抽样的中间一半" },
        points: counted.map(({ count, errors }) => ({
          x: count,
          y: 100 * median(errors),
          low: 100 * quantile(errors, 0.25),
          high: 100 * quantile(errors, 0.75),
        })),
      },
      {
        name: { en: "guessing", zh: "随机猜测" },
        isDashed: true,
        color: "#999999",
        points: [counted[0], counted.at(-1)].flatMap((end) =>
          end === undefined ? [] : [{ x: end.count, y: 100 * (1 - 1 / study.classes) }],
        ),
      },
    ],
  };
}

function pathFigures({ paths }: LesionStudy): readonly Figure[] {
  const x = { label: { en: "residuals on the path", zh: "路径上的残差数" } };
  return [
    {
      kind: "lines",
      name: "path-shares",
      caption: phrase(
        {
          en: "Share of all 2ⁿ paths that pass through so many residuals (binomial), and share of the gradient that they carry. ",
          zh: "在全部 2ⁿ 条路径中，经过相应数量残差的路径所占比例（二项分布），以及经由它们的梯度份额。",
        },
        describeLean(paths) ?? "",
      ),
      x,
      y: {
        label: { en: "share, %", zh: "份额，%" },
        domain: [0, Math.max(1, ...paths.flatMap(({ share, contribution }) => [110 * share, 110 * contribution]))],
      },
      series: [
        {
          name: { en: "of all paths", zh: "占全部路径" },
          points: paths.map(({ length, share }) => ({ x: length, y: 100 * share })),
        },
        {
          name: { en: "of the gradient", zh: "占梯度" },
          points: paths.map(({ length, contribution }) => ({ x: length, y: 100 * contribution })),
        },
      ],
    },
    {
      kind: "lines",
      name: "path-gradients",
      caption: {
        en: "Mean norm of the gradient that reaches the first block's input along one path, by the number of residuals on it.",
        zh: "经由单条路径到达第一个块之前的梯度平均范数，按路径上的残差数排列。",
      },
      x,
      y: { label: { en: "gradient norm", zh: "梯度范数" }, scale: "log" },
      series: [
        {
          name: { en: "one path", zh: "单条路径" },
          points: paths.map(({ length, gradient }) => ({ x: length, y: gradient })),
        },
      ],
    },
  ];
}

/** The study as a page. */
export function reportLesion(study: LesionStudy): Report {
  const place = onDevice(study);
  const has = (...kinds: readonly LesionKind[]): boolean => study.lesions.some(({ kind }) => kinds.includes(kind));
  const when = (condition: boolean, ...parts: readonly Figure[]): readonly Figure[] => (condition ? parts : []);
  const sections: Report["sections"] = [
    {
      heading: { en: "Blocks removed", zh: "移除块" },
      parts: [
        ...when(
          has("remove"),
          singleFigure(study, "remove", "removed-one", {
            en: "Error on the test images with one block removed, leaving only its shortcut. Colours show the shortcut's kind.",
            zh: "移除一个块（仅保留其快捷连接）后在测试图像上的错误率，颜色表示快捷连接的种类。",
          }),
        ),
        ...when(
          has("remove set"),
          countFigure(study, ["remove", "remove set"], {
            name: "removed-many",
            caption: {
              en: "Random sets of blocks removed. For comparison: in the paper, a residual network of 110 layers degrades gradually, as an ensemble of paths would; a plain one fails at once.",
              zh: "随机移除若干块。作为对照：论文中的 110 层残差网络像路径的集成那样逐步变差；普通网络则立即失效。",
            },
            x: { en: "blocks removed", zh: "移除的块数" },
          }),
        ),
      ],
    },
    {
      heading: { en: "Reordered and repeated blocks", zh: "改变块的顺序与重复使用" },
      parts: [
        ...when(
          has("swap", "shuffle"),
          countFigure(study, ["swap", "shuffle"], {
            name: "shuffled",
            caption: {
              en: "Blocks of one stage swapped, by the number of swaps.",
              zh: "同一阶段内交换块的位置，按交换次数排列。",
            },
            x: { en: "exchanges", zh: "交换次数" },
          }),
        ),
        ...when(
          has("reinsert"),
          singleFigure(study, "reinsert", "reinserted", {
            en: "Error with one block inserted a second time, right after itself.",
            zh: "在某个块之后再次插入该块时的错误率。",
          }),
        ),
      ],
    },
    {
      heading: { en: "Paths of the gradient", zh: "梯度的路径" },
      parts: when(study.paths.length > 0, ...pathFigures(study)),
    },
    {
      heading: { en: "How it was measured", zh: "测量方法" },
      parts: [
        {
          kind: "note",
          text: {
            en: `${study.label} on the first ${study.images} test images of ${study.data}, without any adaptation after training; seed ${study.seed}${place.en}. After Veit, Wilber and Belongie 2016, arXiv:1605.06431.`,
            zh: `${study.label}，${study.data} 的前 ${study.images} 张测试图像，按训练结果评估，未作任何后续调整；种子 ${study.seed}${place.zh}。方法见 Veit、Wilber 与 Belongie 2016，arXiv:1605.06431。`,
          },
        },
      ],
    },
  ];
  return {
    title: { en: `What is left of ${study.label} without its blocks?`, zh: `去掉块之后，${study.label} 还剩什么？` },
    lead: summarizeLesions(study).sentences,
    sections: sections.filter(({ parts }) => parts.length > 0),
  };
}
