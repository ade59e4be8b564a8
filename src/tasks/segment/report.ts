import { SMALL_SET } from "../../train/cautions.ts";
import { segmentationMeasures } from "./measures.ts";
import { summarizeClasses } from "./class-figures.ts";
import type { CellCounts, CellSetFigures } from "./evaluate.ts";
import type { ImageFigures } from "./judge.ts";
import { rankOf } from "./rank.ts";
import type { Figure, Picture, TableFigure } from "../../report/figures.ts";
import { type NetworkOrigin, originSections } from "../../report/origin.ts";
import type { Report, ReportSection } from "../../report/report.ts";
import type { Words } from "../../report/words.ts";

/** What a report of a network that segments is made from. */
export interface SegmentationStudy extends NetworkOrigin {
  /** Such as "attention-resunet, project". */
  readonly label: string;
  readonly data: string;
  readonly found: ImageFigures;
  /** Four an image, the worst image first: the image, the truth, what was found, the errors. */
  readonly pictures: readonly Picture[];
}

const both = (en: string, zh: string): Words => ({ en, zh });
const figure = (value: number | null): string => (value === null ? "–" : value.toFixed(3));
/** More rows make no table that anybody reads. */
const MOST_ROWS = 500;
const BINS = 20;

const { words: meanIouWords } = segmentationMeasures.meanIou;

const names = {
  f1: segmentationMeasures.f1At50.words,
  ap: both("mean AP, IoU 0.5–0.9", "平均 AP（IoU 0.5–0.9）"),
  dice: segmentationMeasures.foregroundDice.words,
  iou: both("foreground IoU", "前景 IoU"),
  border: both("border F1, 2 pixels", "边界 F1（2 像素）"),
  pq: segmentationMeasures.panopticQuality.words,
  aji: segmentationMeasures.aggregatedJaccard.words,
  image: both("image", "图像"),
  images: both("images", "图像数"),
  cells: both("cells", "细胞"),
  cellsFound: both("found", "检出"),
  className: both("class", "类别"),
  mean: both("mean", "平均"),
} as const;

function table(
  about: Pick<TableFigure, "name" | "caption">,
  head: readonly Words[],
  rows: TableFigure["rows"],
): TableFigure {
  const columns = head.map((title, index) => ({ title, align: index === 0 ? "left" : "right" }) as const);
  return { kind: "table", ...about, columns, rows };
}

/** How many images score how well. */
function scoresFigure(scores: readonly (number | null)[], label: Words): Figure {
  const values = Array.from({ length: BINS }, () => 0);
  for (const score of scores.filter((value) => value !== null)) values[Math.min(BINS - 1, Math.floor(score * BINS))]++;
  return {
    kind: "histogram",
    name: "scores",
    caption: both("How many images score how well.", "各得分区间的图像数。"),
    x: { label },
    value: { label: names.images },
    edges: Array.from({ length: BINS + 1 }, (_, index) => index / BINS),
    series: [{ name: names.images, values }],
  };
}

const byScore = <T>(items: readonly T[], score: (item: T) => number | null): readonly T[] =>
  items.toSorted((a, b) => rankOf(score(a)) - rankOf(score(b))).slice(0, MOST_ROWS);

function cellSections(overall: CellSetFigures, images: readonly CellCounts[]): readonly ReportSection[] {
  const rows: readonly (readonly [Words, number | null])[] = [
    [names.f1, overall.f1At50],
    [names.ap, overall.meanAp],
    [names.dice, overall.foregroundDice],
    [names.iou, overall.foregroundIou],
    [names.border, overall.borderF1],
    [names.pq, overall.panopticQuality],
    [names.aji, overall.aggregatedJaccard],
  ];
  const overallFigure = table(
    {
      name: "overall",
      caption: both(
        "F1, Dice, IoU and panoptic quality of all cells and points together; AP and AJI are means over images.",
        "F1、Dice、IoU 与 PQ 按全部细胞和像素合计；AP 与 AJI 为各图像的平均。",
      ),
    },
    [both("figure", "指标"), both("value", "数值")],
    rows.map(([name, value]) => [name, figure(value)]),
  );
  const precision: Figure = {
    kind: "lines",
    name: "precision",
    caption: both(
      "TP / (TP + FP + FN) when a cell must overlap by so much: how exact outlines are.",
      "要求不同重叠程度时的 TP / (TP + FP + FN)：反映轮廓的精确程度。",
    ),
    x: { label: both("IoU that a cell needs", "所需 IoU") },
    y: { label: both("average precision", "平均精度"), domain: [0, 1] },
    series: [
      {
        name: both("all images", "全部图像"),
        points: Object.entries(overall.apAt).flatMap(([threshold, y]) =>
          y === null ? [] : [{ x: Number(threshold), y }],
        ),
      },
    ],
  };
  const list = byScore(images, ({ figures }) => figures.meanAp);
  return [
    {
      heading: both("All images together", "总体"),
      parts: overall.meanAp === null ? [overallFigure] : [overallFigure, precision],
    },
    {
      heading: both("Image by image", "逐图"),
      parts: [
        scoresFigure(
          images.map(({ figures }) => figures.meanAp),
          names.ap,
        ),
        table(
          { name: "images", caption: both("The worst first.", "由差到好。") },
          [names.image, names.cells, names.cellsFound, names.f1, names.ap, names.dice],
          list.map(({ name, figures }) => [
            name,
            String(figures.cells),
            String(figures.found),
            figure(figures.f1At50),
            figure(figures.meanAp),
            figure(figures.foregroundDice),
          ]),
        ),
      ],
    },
  ];
}

function classSections({
  overall,
  images,
  classes,
}: Extract<ImageFigures, { readonly target: "classes" }>): readonly ReportSection[] {
  const judged = images.map((image) => ({ name: image.name, ...summarizeClasses([image], classes) }));
  return [
    {
      heading: both("All images together", "总体"),
      parts: [
        table(
          { name: "overall", caption: both("Of all points of all images.", "按全部图像的全部像素。") },
          [names.className, "Dice", "IoU"],
          [
            ...classes.map((name) => [name, figure(overall.dice[name]), figure(overall.iou[name])]),
            [names.mean, figure(overall.meanDice), figure(overall.meanIou)],
          ],
        ),
      ],
    },
    {
      heading: both("Image by image", "逐图"),
      parts: [
        scoresFigure(
          judged.map(({ meanIou }) => meanIou),
          meanIouWords,
        ),
        table(
          { name: "images", caption: both("Dice of each class, the worst image first.", "各类的 Dice，由差到好。") },
          [names.image, ...classes, meanIouWords],
          byScore(judged, ({ meanIou }) => meanIou).map(({ name, dice, meanIou }) => [
            name,
            ...classes.map((label) => figure(dice[label])),
            figure(meanIou),
          ]),
        ),
      ],
    },
  ];
}

function leadOf({ label, data, found }: SegmentationStudy): Words {
  const count = found.images.length;
  if (found.target === "instances") {
    const { cells, found: all, f1At50, meanAp, foregroundDice } = found.overall;
    if (meanAp === null)
      return both(
        `${label} finds ${all} cells in ${count} images of ${data}; no mask has one, so that there is nothing to measure.`,
        `${label} 在 ${data} 的 ${count} 张图像中检出 ${all} 个细胞；掩膜中没有细胞，无可度量。`,
      );
    return both(
      `${label} finds ${all} cells in ${count} images of ${data}; ${cells} are there. F1 ${figure(f1At50)} at IoU 0.5, mean AP ${figure(meanAp)}, Dice of the foreground ${figure(foregroundDice)}.`,
      `${label} 在 ${data} 的 ${count} 张图像中检出 ${all} 个细胞，实有 ${cells} 个。IoU 0.5 时 F1 为 ${figure(f1At50)}，平均 AP ${figure(meanAp)}，前景 Dice ${figure(foregroundDice)}。`,
    );
  }
  const { dice, meanDice, meanIou } = found.overall;
  const list = found.classes.map((name) => `${name} ${figure(dice[name])}`);
  return both(
    `${label} on ${count} images of ${data}: Dice ${list.join(", ")}; mean Dice ${figure(meanDice)}, mean IoU ${figure(meanIou)}.`,
    `${label} 在 ${data} 的 ${count} 张图像上：Dice ${list.join("，")}；平均 Dice ${figure(meanDice)}，平均 IoU ${figure(meanIou)}。`,
  );
}

/** What is said of figures of few images. */
function fewImages(count: number): readonly Words[] {
  if (count === 0 || count >= SMALL_SET) return [];
  return [
    both(`These figures rest on ${count === 1 ? "1 image" : `${count} images`}.`, `以上数值仅来自 ${count} 张图像。`),
  ];
}

/** A network that segments as a report: how well it does, and image, truth, prediction and errors side by side. */
export function reportSegmentation(study: SegmentationStudy): Report {
  const { label, found, pictures } = study;
  const figures = found.target === "instances" ? cellSections(found.overall, found.images) : classSections(found);
  const sections = [...figures, ...originSections(study)];
  const worst: ReportSection = {
    heading: both("Worst images first", "最差的图像"),
    parts: [
      {
        kind: "pictures",
        name: "worst",
        columns: 4,
        width: 218,
        isSmooth: true,
        pictures,
        caption: both(
          "Image, truth, prediction, errors: green is right, orange is missed, blue was found though it is not there (or is another class), grey does not count. Of a large image the part with the most errors is shown.",
          "图像、真值、预测、错误：绿色正确，橙色漏检，蓝色误检（或类别有误），灰色不计。大图只显示错误最多的部分。",
        ),
      },
    ],
  };
  return {
    title: both(`Segmentation: ${label}`, `分割：${label}`),
    lead: [leadOf(study), ...fewImages(found.images.length)],
    sections: pictures.length === 0 ? sections : [sections[0], worst, ...sections.slice(1)],
  };
}
