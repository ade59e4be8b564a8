import { onDevice } from "../../report/on-device.ts";
import type { ContourFigure, Figure } from "../../report/figures.ts";
import type { Report } from "../../report/report.ts";
import { median } from "../../statistics/summary.ts";
import type { Words } from "../../report/words.ts";
import { type LandscapeStudy, type LossPlane, summarizeLandscape } from "./study.ts";

const lossWords = { en: "loss", zh: "损失" } as const;

/** A linear scale would paint most of the plane in one colour where half of it lies in the lowest tenth. */
const scaleOf = ({ loss }: LossPlane): "linear" | "log" => {
  const values = loss
    .flat()
    .filter((value) => Number.isFinite(value) && value > 0)
    .toSorted((a, b) => a - b);
  if (values.length === 0) return "linear";
  const [low, middle, high] = [values[0], median(values), values.at(-1)!];
  return high > 50 * low || middle - low < 0.1 * (high - low) ? "log" : "linear";
};

const isWhole = ({ loss }: LossPlane): boolean => loss.flat().every((value) => Number.isFinite(value));

function planeFigures(
  plane: LossPlane,
  path: NonNullable<ContourFigure["path"]>,
  name: string,
  axes: readonly [Words, Words],
  captions: readonly [Words, Words],
): readonly Figure[] {
  const shared = {
    x: { label: axes[0] },
    y: { label: axes[1] },
    value: { label: lossWords, scale: scaleOf(plane) },
    xs: plane.xs,
    ys: plane.ys,
    values: plane.loss,
    path,
  };
  const contour: Figure = { ...shared, kind: "contour", name: `${name}-contour`, caption: captions[0] };
  const surface: Figure = { ...shared, kind: "surface", name: `${name}-surface`, caption: captions[1] };
  return isWhole(plane) ? [contour, surface] : [];
}

const nameMoment = (step: string): Words =>
  step === "end" ? { en: "end of the training", zh: "训练终点" } : { en: `step ${step}`, zh: `第 ${step} 步` };

const alongFirst: Words = { en: "first direction, × filter size", zh: "第一个方向（× 滤波器大小）" };
const alongSecond: Words = { en: "second direction, × filter size", zh: "第二个方向（× 滤波器大小）" };
const turning: Words = {
  en: "The same as a surface: drag it or use the arrow keys to rotate, Ctrl and the wheel to zoom.",
  zh: "同一数据的曲面：拖动或用方向键可旋转，按住 Ctrl 滚动滚轮可缩放。",
};

/** The plane of two random directions around the network, as contours and as a surface; nothing unless it is whole. */
export function randomPlaneFigures(plane: LossPlane): readonly Figure[] {
  return planeFigures(
    plane,
    [{ x: 0, y: 0, label: { en: "the network", zh: "该网络" } }],
    "plane",
    [alongFirst, alongSecond],
    [
      {
        en: "Contours of the loss on the plane of two filter-normalised random directions; the network is the dot at 0, 0. Both axes have the same unit.",
        zh: "两个滤波器归一化随机方向所张平面上的等损失线；圆点 (0, 0) 为该网络。两轴单位相同。",
      },
      turning,
    ],
  );
}

/** The landscape as a page. */
export function reportLandscape(study: LandscapeStudy): Report {
  const place = onDevice(study);
  const { line, plane, trajectory } = study;
  const curve = (name: Words, values: readonly number[]): Figure => ({
    kind: "lines",
    name: "line",
    caption: {
      en: "Loss along one filter-normalised random direction; 0 is the network itself, 1 changes every filter by its own norm.",
      zh: "沿一个滤波器归一化随机方向的损失；0 为网络本身，1 表示每个滤波器的改变量等于其自身大小。",
    },
    x: { label: alongFirst },
    y: { label: lossWords },
    series: [
      {
        name,
        points: line.at.flatMap((x, index) => (Number.isFinite(values[index]) ? [{ x, y: values[index] }] : [])),
      },
    ],
  });
  const error: Figure = {
    kind: "lines",
    name: "line-error",
    caption: { en: "Error along the same line.", zh: "沿同一直线的错误率。" },
    x: { label: alongFirst },
    y: { label: { en: "error, %", zh: "错误率，%" }, domain: [0, 100] },
    series: [
      {
        name: study.label,
        points: line.at.flatMap((x, index) =>
          Number.isFinite(line.error[index]) ? [{ x, y: 100 * line.error[index] }] : [],
        ),
      },
    ],
  };
  const sections: Report["sections"] = [
    { heading: { en: "Along one line", zh: "沿一条直线" }, parts: [curve(study.label, line.loss), error] },
    {
      heading: { en: "On a plane", zh: "在一个平面上" },
      parts: randomPlaneFigures(plane),
    },
    {
      heading: { en: "The path of training", zh: "训练走过的路" },
      parts:
        trajectory === undefined
          ? []
          : planeFigures(
              trajectory,
              trajectory.path.map(({ x, y, step }) => ({ x, y, label: nameMoment(step) })),
              "trajectory",
              [
                { en: "first principal direction", zh: "第一主方向" },
                { en: "second principal direction", zh: "第二主方向" },
              ],
              [
                {
                  en: "The plane through the end of training (0, 0) that contains most of its path, with the path as a dotted line; the axes are distances between weights, in the same unit. Batch norms keep the final statistics, so the loss at earlier points differs from what it was then.",
                  zh: "经过训练终点 (0, 0) 且包含大部分训练轨迹的平面，带点的线为该轨迹；坐标轴为权重间的距离，单位相同。批归一化保持终点的统计量，因此早期时刻的损失与当时不同。",
                },
                turning,
              ],
            ),
    },
    {
      heading: { en: "How it was measured", zh: "测量方法" },
      parts: [
        {
          kind: "note",
          text: {
            en: `${study.label} on the first ${study.images} training images of ${study.data}, batch norm with running statistics; random directions leave biases and batch norms unchanged; seed ${study.seed}${place.en}. After Li et al. 2018, arXiv:1712.09913.`,
            zh: `${study.label}，${study.data} 的前 ${study.images} 张训练图像，批归一化使用滑动统计量；随机方向上不移动偏置与批归一化参数；种子 ${study.seed}${place.zh}。方法见 Li 等 2018，arXiv:1712.09913。`,
          },
        },
      ],
    },
  ];
  return {
    title: { en: `The loss around ${study.label}`, zh: `${study.label} 周围的损失` },
    lead: summarizeLandscape(study).sentences,
    sections: sections.filter(({ parts }) => parts.length > 0),
  };
}
