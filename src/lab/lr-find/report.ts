import { onDevice } from "../../report/on-device.ts";
import type { Figure, Series } from "../../report/figures.ts";
import type { Report } from "../../report/report.ts";
import type { Words } from "../../report/words.ts";
import { formatRate, type RateStudy, summarizeRates } from "./study.ts";

const names = {
  loss: { en: "loss of each batch", zh: "每批损失" },
  smoothed: { en: "smoothed loss", zh: "平滑损失" },
  steepest: { en: "steepest", zh: "最陡（steepest）" },
  valley: { en: "valley", zh: "谷（valley）" },
} as const satisfies Readonly<Record<string, Words>>;

/** A vertical line at a rate, over the heights of the smoothed curve. */
function mark(name: Words, rate: number, heights: readonly number[]): Series {
  const [low, high] = [Math.min(...heights), Math.max(...heights)];
  return { name, isDashed: true, points: [low, high].map((y) => ({ x: rate, y })) };
}

function curveFigure({ points, suggestions }: RateStudy): Figure {
  const smoothed = points.map(({ smoothed: value }) => value);
  // One batch whose loss is off all scales would flatten the rest.
  const top = 1.5 * Math.max(...smoothed);
  const curve = (name: Words, of: "loss" | "smoothed"): Series => ({
    name,
    points: points
      .filter(({ [of]: y }) => Number.isFinite(y) && y <= top)
      .map(({ learningRate: x, [of]: y }) => ({ x, y })),
  });
  return {
    kind: "lines",
    name: "learning-rates",
    caption: {
      en: "Loss against the learning rate, which grows by the same factor with every step. Dashed lines mark the suggestions.",
      zh: "损失随学习率的变化；学习率每步乘以同一因子。虚线为建议值。",
    },
    x: { label: { en: "learning rate", zh: "学习率" }, scale: "log" },
    y: { label: { en: "loss", zh: "损失" } },
    series: [
      curve(names.loss, "loss"),
      curve(names.smoothed, "smoothed"),
      ...(suggestions === undefined
        ? []
        : [mark(names.valley, suggestions.valley, smoothed), mark(names.steepest, suggestions.steepest, smoothed)]),
    ],
  };
}

/** A range test as a page. */
export function reportRates(study: RateStudy): Report {
  const { label, data, batch, optimizer, seed, lowest, highest, steps, points } = study;
  const [from, to] = [lowest, highest].map(formatRate);
  const place = onDevice(study);
  return {
    title: { en: `Learning rates for ${label}`, zh: `${label} 的学习率` },
    lead: summarizeRates(study),
    sections: [
      ...(points.length < 2 ? [] : [{ heading: { en: "The curve", zh: "曲线" }, parts: [curveFigure(study)] }]),
      {
        heading: { en: "How it was measured", zh: "测量方法" },
        parts: [
          {
            kind: "note",
            text: {
              en: `${label} on ${data}, ${batch} images per step, ${optimizer}, seed ${seed}; ${points.length} of ${steps} steps from ${from} to ${to}${place.en}. The loss is a running mean with weight 0.98; the test ends when it exceeds four times its lowest value. Suggestions leave out the first tenth of the steps and the last five. After Smith 2017, arXiv:1506.01186, as in fastai.`,
              zh: `${label}，数据 ${data}，每步 ${batch} 张图像，优化器 ${optimizer}，种子 ${seed}；学习率从 ${from} 到 ${to}，完成 ${steps} 步中的 ${points.length} 步${place.zh}。损失为权重 0.98 的滑动平均，超过其最低值的四倍时测试结束。建议值不考虑前十分之一的步与最后五步。方法见 Smith 2017，arXiv:1506.01186，与 fastai 相同。`,
            },
          },
        ],
      },
    ],
  };
}
