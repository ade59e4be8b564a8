import type { ComputedOn } from "../../runtime/computed-on.ts";
import { confusionMatrix, type Judged, scoreClasses } from "./predictions.ts";
import type { LinesFigure, Picture } from "../../report/figures.ts";
import { onDevice } from "../../report/on-device.ts";
import { type NetworkOrigin, originSections } from "../../report/origin.ts";
import type { Report, ReportSection } from "../../report/report.ts";
import { inLanguage, type Words } from "../../report/words.ts";
import { wilsonInterval } from "../../statistics/wilson.ts";
import { SMALL_SET } from "../../train/cautions.ts";

/** A curve along a training, by its steps. */
export interface TrainingCurve {
  readonly name: Words;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** Curves of one quantity. */
export interface TrainingFigure {
  readonly name: string;
  readonly label: Words;
  readonly curves: readonly TrainingCurve[];
}

/** What a report of one trained network is made from. */
export interface ClassificationStudy extends NetworkOrigin, ComputedOn {
  /** Such as "resnet20, project". */
  readonly label: string;
  readonly data: string;
  readonly parameters: number;
  readonly multiplyAdds?: number;
  readonly classes: readonly string[];
  readonly judged: readonly Judged[];
  /** SVG that leaves its colours to the page. */
  readonly architecture?: string;
  /** Of the training, where the run is known. */
  readonly curves?: readonly TrainingFigure[];
  readonly mistakes: readonly Picture[];
  readonly maps: readonly Picture[];
}

const both = (en: string, zh: string): Words => ({ en, zh });
const percent = (share: number): string => (Number.isNaN(share) ? "–" : `${(100 * share).toFixed(2)} %`);

/** The two classes that are taken for each other most often. */
function findConfusion(matrix: readonly (readonly number[])[]): readonly [number, number, number] | undefined {
  let worst: [number, number, number] | undefined;
  matrix.forEach((row, label) =>
    row.forEach((count, predicted) => {
      if (label !== predicted && count > (worst?.[2] ?? 0)) worst = [label, predicted, count];
    }),
  );
  return worst;
}

function leadOf(study: ClassificationStudy, matrix: readonly (readonly number[])[]): readonly Words[] {
  const { judged, classes, label, data } = study;
  const right = judged.filter(({ label: own, predicted }) => own === predicted).length;
  const loss = judged.reduce((sum, one) => sum + one.loss, 0) / judged.length;
  const worst = findConfusion(matrix);
  const place = onDevice(study);
  return [
    both(
      `${label} classifies ${percent(right / judged.length)} of ${judged.length.toLocaleString("en-US")} test images of ${data} right; mean cross-entropy ${loss.toFixed(4)}${place.en}.`,
      `${label} 在 ${data} 的 ${judged.length.toLocaleString("en-US")} 张测试图像上的准确率为 ${percent(right / judged.length)}，平均交叉熵 ${loss.toFixed(4)}${place.zh}。`,
    ),
    ...intervalOf(right, judged.length),
    ...(worst === undefined
      ? []
      : [
          both(
            `Its most frequent mistake: ${classes[worst[0]]} taken for ${classes[worst[1]]}, ${worst[2]} times.`,
            `最常见的错误：把 ${classes[worst[0]]} 认作 ${classes[worst[1]]}，共 ${worst[2]} 次。`,
          ),
        ]),
  ];
}

/** What few images say about all others. */
function intervalOf(right: number, count: number): readonly Words[] {
  if (count === 0 || count >= SMALL_SET) return [];
  const [low, high] = wilsonInterval(right, count).map(percent);
  return [
    both(
      `That rests on ${count === 1 ? "1 image" : `${count} images`}: the 95 % interval of the accuracy is ${low} to ${high}.`,
      `仅有 ${count} 张图像：准确率的 95 % 置信区间为 ${low} 至 ${high}。`,
    ),
  ];
}

/** How a training went, in its last value and, for images held out, its best epoch's. */
function captionOf({ name: quantity, label, curves }: TrainingFigure): Words {
  const [top, what] = [inLanguage(label, "en"), inLanguage(label, "zh")];
  const english = `${top.charAt(0).toUpperCase()}${top.slice(1)}`;
  if (quantity === "learning-rate") {
    const greatest = Number(Math.max(...curves.flatMap(({ points }) => points.map(({ y }) => y))).toPrecision(3));
    return both(`${english} of each step; the greatest is ${greatest}.`, `每步的${what}；最大为 ${greatest}。`);
  }
  const last = curves.flatMap(({ name, points }) => {
    const end = points.at(-1);
    return end === undefined ? [] : [{ name, value: String(Number(end.y.toPrecision(3))) }];
  });
  const list = (language: "en" | "zh"): string =>
    last.map(({ name, value }) => `${inLanguage(name, language)} ${value}`).join(language === "en" ? ", " : "，");
  return both(
    `${english}, as the run store has it; at the end: ${list("en")}.`,
    `${what}，来自运行记录；终点：${list("zh")}。`,
  );
}

function curvesFigure(figure: TrainingFigure): LinesFigure {
  const { name, label, curves } = figure;
  return {
    kind: "lines",
    name,
    caption: captionOf(figure),
    x: { label: both("training step", "训练步") },
    y: { label },
    series: curves,
  };
}

function scoresSection(matrix: readonly (readonly number[])[], classes: readonly string[]): ReportSection {
  return {
    heading: both("Class by class", "逐类表现"),
    parts: [
      {
        kind: "table",
        name: "class-scores",
        caption: both(
          "Precision: of what was called so, how much is. Recall: of what is, how much was called so.",
          "精确率：被判为该类者中正确的比例。召回率：该类中被正确判出的比例。",
        ),
        columns: [
          { title: both("class", "类别") },
          { title: both("images", "图像"), align: "right" },
          { title: both("precision", "精确率"), align: "right" },
          { title: both("recall", "召回率"), align: "right" },
          { title: "F1", align: "right" },
        ],
        rows: scoreClasses(matrix, classes).map(({ name, count, precision, recall, f1 }) => [
          name,
          String(count),
          percent(precision),
          percent(recall),
          percent(f1),
        ]),
      },
    ],
  };
}

/** Counts as percent of their sum; a class without images has no shares. */
function shareOut(counts: readonly number[]): readonly number[] {
  const sum = counts.reduce((total, count) => total + count, 0);
  return counts.map((count) => (sum === 0 ? Number.NaN : Number(((100 * count) / sum).toPrecision(6))));
}

/** More classes than this make no picture that could be read. */
const MOST_CLASSES = 120;

/** A trained network as a report: how well it does, where it fails, and where it looks. */
export function reportClassification(study: ClassificationStudy): Report {
  const { classes, judged, architecture, curves, mistakes, maps, parameters, multiplyAdds } = study;
  const matrix = confusionMatrix(judged, classes.length);
  const cost = multiplyAdds === undefined ? "" : `${(multiplyAdds / 1e6).toFixed(1)} M`;
  const sections: readonly (ReportSection | undefined)[] = [
    classes.length > MOST_CLASSES
      ? undefined
      : {
          heading: both("Confusion", "混淆矩阵"),
          parts: [
            {
              kind: "heat-map",
              name: "confusion",
              caption: both(
                "Rows are the true classes, columns what the network says; numbers are images, colours their share of the row. The outlined diagonal is right.",
                "行为真实类别，列为网络判断；数字为图像数，颜色为其在该行中的比例。描边的对角线为判断正确。",
              ),
              rowLabel: both("true", "真实"),
              columnLabel: both("predicted", "预测"),
              rows: classes,
              columns: classes,
              value: { label: both("share of the row, %", "占该行的比例，%"), domain: [0, 100] },
              maps: [{ name: "", values: matrix.map(shareOut), texts: matrix.map((row) => row.map(String)) }],
              showsValues: true,
              isSquare: true,
            },
          ],
        },
    scoresSection(matrix, classes),
    mistakes.length === 0
      ? undefined
      : {
          heading: both("The worst mistakes", "最严重的错误"),
          parts: [
            {
              kind: "pictures",
              name: "mistakes",
              columns: 6,
              width: 112,
              pictures: mistakes,
              caption: both(
                "The wrong answers with the highest loss: what the network said, how sure it was, and what the image is.",
                "损失最高的错误：网络的判断及其把握，以及正确答案。",
              ),
            },
          ],
        },
    maps.length === 0
      ? undefined
      : {
          heading: both("Where it looks", "网络关注之处"),
          parts: [
            {
              kind: "pictures",
              name: "grad-cam",
              columns: 8,
              width: 92,
              pictures: maps,
              caption: both(
                "Each image beside its Grad-CAM (Selvaraju et al. 2017): what speaks for the class that the network said, red most. First the surest right answers, then the worst mistakes.",
                "每张图像及其 Grad-CAM（Selvaraju 等 2017）：支持网络所判类别的区域，红色最强。先为最有把握的正确判断，后为最严重的错误。",
              ),
            },
          ],
        },
    curves === undefined ? undefined : { heading: both("Training", "训练过程"), parts: curves.map(curvesFigure) },
    architecture === undefined
      ? undefined
      : {
          heading: both("Architecture", "网络结构"),
          parts: [
            {
              kind: "drawing",
              name: "architecture",
              svg: architecture,
              caption: both(
                `${parameters.toLocaleString("en-US")} parameters${cost === "" ? "" : `, ${cost} multiply-adds per image`}. Skip edges are coloured by their kind.`,
                `${parameters.toLocaleString("en-US")} 个参数${cost === "" ? "" : `，每张图像 ${cost} 次乘加`}。快捷连接按种类着色。`,
              ),
            },
          ],
        },
    ...originSections(study),
  ];
  return {
    title: both(`${study.label} on ${study.data}`, `${study.label}：${study.data}`),
    lead: leadOf(study, matrix),
    sections: sections.filter((section) => section !== undefined),
  };
}
