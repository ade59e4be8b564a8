import { shortcutTypes } from "../../nn/shortcuts/type.ts";
import { quantile } from "../../statistics/summary.ts";
import { type Comparison, type ComparisonCell, type DrawnRun, groupCells, nameType } from "./comparison.ts";
import { TESTS_PER_EPOCH } from "./goal.ts";
import { goalSections } from "./goal-report.ts";
import { goalPercent } from "./goal-words.ts";
import { compareTypes, FEWEST_SEEDS, summarizeCell, type TypePair } from "./statistics.ts";
import { describeComparison } from "./words.ts";
import type { DotsFigure, LinesFigure, SeriesPoint, TableFigure } from "../../report/figures.ts";
import { onDevice } from "../../report/on-device.ts";
import type { Report, ReportText } from "../../report/report.ts";
import { pText, rangeWords, withMinus, type Words } from "../../report/words.ts";
import { explainShortcut } from "../shortcut-words.ts";
import { shortcutColors } from "../shortcut-colors.ts";

const both = (en: string, zh: string): Words => ({ en, zh });
const percent = (share: number | undefined, digits = 2): string =>
  share === undefined || Number.isNaN(share) ? "–" : `${(100 * share).toFixed(digits)} %`;
const depthPanel = (depth: number): Words => both(`depth ${depth}`, `深度 ${depth}`);

/** Points drawn per curve, at most; each is the mean of its neighbours. */
const CURVE_POINTS = 120;

/** A shortcut's own colour, if only the shortcut tells the cells apart. */
function colorOf(cell: ComparisonCell): { readonly color?: string } {
  return nameType(cell) === cell.shortcut ? { color: shortcutColors[cell.shortcut] } : {};
}

/** What a curve shows of every step. */
type CurveValue = "loss" | "firstLayerGradientNorm";

/** Median of the seeds with their quartiles as the band, step by step. */
function joinCurves(cell: ComparisonCell, key: CurveValue): readonly SeriesPoint[] {
  const longest = Math.max(0, ...cell.runs.map(({ curve }) => curve.length));
  const width = Math.max(1, Math.ceil(longest / CURVE_POINTS));
  return Array.from({ length: Math.ceil(longest / width) }, (_, index) => {
    const means = cell.runs.flatMap(({ curve }) => {
      const part = curve.slice(index * width, (index + 1) * width).filter((point) => Number.isFinite(point[key]));
      return part.length === 0 ? [] : [part.reduce((sum, point) => sum + point[key], 0) / part.length];
    });
    const x = Math.min(longest, (index + 1) * width);
    if (means.length === 0) return { x, y: Number.NaN };
    const y = quantile(means, 0.5);
    return means.length < FEWEST_SEEDS ? { x, y } : { x, y, low: quantile(means, 0.25), high: quantile(means, 0.75) };
  });
}

function curvesFigure(
  cells: readonly ComparisonCell[],
  key: CurveValue,
  words: Pick<LinesFigure, "name" | "caption" | "y">,
): LinesFigure {
  return {
    kind: "lines",
    ...words,
    x: { label: both("training step", "训练步") },
    series: cells.map((cell) => ({
      name: nameType(cell),
      panel: depthPanel(cell.depth),
      points: joinCurves(cell, key),
      ...colorOf(cell),
    })),
  };
}

function accuracyFigure(cells: readonly ComparisonCell[], { settings }: Comparison): DotsFigure {
  return {
    kind: "dots",
    name: "test-accuracy",
    caption: both(
      `Accuracy on ${settings.testImages} test images after training. Large dots are medians, small dots single seeds; the line is the 95 % interval of the mean (bootstrap), given at least three seeds.`,
      `训练后在 ${settings.testImages} 张测试图像上的准确率。大点为中位数，小点为单个种子；竖线为均值的 95 % 自助法区间（至少三个种子）。`,
    ),
    value: { label: both("test accuracy, %", "测试准确率，%") },
    dots: cells.flatMap((cell) => {
      const { median, interval } = summarizeCell(cell);
      if (median === undefined) return [];
      const samples = cell.runs.filter(({ status }) => status === "done").map((run) => 100 * run.testAccuracy);
      return [
        {
          category: nameType(cell),
          panel: depthPanel(cell.depth),
          value: 100 * median,
          ...(interval === undefined ? {} : { low: 100 * interval.low, high: 100 * interval.high }),
          ...(samples.length > 1 ? { samples } : {}),
          ...colorOf(cell),
        },
      ];
    }),
  };
}

function numbersTable(cells: readonly ComparisonCell[]): TableFigure {
  const right = (en: string, zh: string): TableFigure["columns"][number] => ({ title: both(en, zh), align: "right" });
  return {
    kind: "table",
    name: "numbers",
    caption: both(
      "Medians over the seeds; IQR is the interquartile range. Diverged runs are counted but excluded from all other numbers.",
      "各种子的中位数；IQR 为四分位距。发散的训练单独计数，不计入其他数字。",
    ),
    columns: [
      right("depth", "深度"),
      { title: both("shortcut", "快捷连接") },
      right("parameters", "参数量"),
      right("multiply-adds", "乘加次数"),
      right("test accuracy", "测试准确率"),
      right("IQR", "IQR"),
      right("95 % interval", "95 % 置信区间"),
      right("first-layer gradient", "首层梯度"),
      right("images/s", "图像/秒"),
      right("seeds", "种子"),
    ],
    rows: cells.map((cell) => {
      const { median, quartiles, interval, count, diverged } = summarizeCell(cell);
      const [first] = cell.runs;
      const done = cell.runs.filter(({ status }) => status === "done");
      const middle = (valueOf: (run: DrawnRun) => number): number | undefined => {
        const finite = done.map(valueOf).filter(Number.isFinite);
        return finite.length === 0 ? undefined : quantile(finite, 0.5);
      };
      const gradient = middle((run) => run.firstLayerGradientNorm);
      return [
        String(cell.depth),
        nameType(cell),
        first.parameters.toLocaleString("en-US"),
        `${(first.multiplyAdds / 1e6).toFixed(1)} M`,
        percent(median),
        percent(quartiles && quartiles[2] - quartiles[0]),
        interval === undefined ? "–" : rangeWords((100 * interval.low).toFixed(2), percent(interval.high)),
        gradient === undefined ? gradientMissing(cell) : Number(gradient.toPrecision(3)).toLocaleString("en-US"),
        middle((run) => run.imagesPerSecond)?.toFixed(0) ?? "–",
        diverged === 0 ? String(count) : both(`${count}, ${diverged} diverged`, `${count}，${diverged} 个发散`),
      ];
    }),
  };
}

/** What stands for a gradient that no run has: its layer is frozen if a run went well without. */
function gradientMissing({ runs }: ComparisonCell): string | Words {
  return runs.some(({ status }) => status === "done") ? both("frozen", "冻结") : "–";
}

const verdicts: { readonly [Verdict in TypePair["verdict"]]: Words } = {
  better: both("better", "更好"),
  alike: both("alike", "相当"),
  "not enough seeds": both("not enough seeds to tell", "种子数不足以判断"),
};

function pairsTable(pairs: readonly TypePair[]): TableFigure {
  const points = (share: number): string => withMinus((100 * share).toFixed(2));
  const right = (en: string, zh: string): TableFigure["columns"][number] => ({ title: both(en, zh), align: "right" });
  return {
    kind: "table",
    name: "pairs",
    caption: both(
      "Differences of test accuracy in points, seed by seed: paired t test, p and interval Holm-corrected over all pairs, so that an interval without 0 is a p below 0.05; effect size as Hedges' g.",
      "按种子配对的测试准确率之差（百分点）：配对 t 检验，p 与区间均经全部配对的 Holm 校正，故区间不含 0 即 p 小于 0.05；效应量为 Hedges' g。",
    ),
    columns: [
      right("depth", "深度"),
      { title: both("higher", "较高") },
      { title: both("lower", "较低") },
      right("difference", "差"),
      right("95 % interval (Holm)", "95 % 置信区间（Holm）"),
      right("p (Holm)", "p（Holm）"),
      right("Hedges' g", "Hedges' g"),
      right("seeds", "种子"),
      { title: both("verdict", "结论") },
    ],
    rows: pairs.map(({ depth, better, worse, difference, interval, p, effect, seeds, verdict }) => [
      String(depth),
      better,
      worse,
      points(difference),
      interval === undefined ? "–" : rangeWords(points(interval[0]), points(interval[1])),
      p === undefined ? "–" : pText(p),
      effect === undefined ? "–" : withMinus(effect.toFixed(2)),
      String(seeds),
      verdicts[verdict],
    ]),
  };
}

function describeSettings({ settings }: Comparison): Words {
  const {
    data,
    trainImages,
    testImages,
    epochs,
    steps,
    batchSize,
    optimizer,
    schedule,
    learningRate,
    lowering,
    device,
    equal,
    until,
  } = settings;
  // No lowering was used if nothing was left to train.
  const isKnown = lowering === "kept";
  const place = onDevice(device === undefined ? {} : { device });
  const optimizerZh = optimizer
    .replace(" with Nesterov momentum ", "，Nesterov 动量 ")
    .replace(" with momentum ", "，动量 ")
    .replace(", weight decay ", "，权重衰减 ");
  return both(
    `${data}, ${trainImages} training images, ${epochs} ${epochs === 1 ? "epoch" : "epochs"}, ${steps} steps of ${batchSize} images, ${optimizer}, ${schedule} to ${learningRate}; evaluated on ${testImages} test images${isKnown ? "" : `; ${lowering} lowering${place.en}`}.` +
      (equal === "multiply-adds"
        ? " Cheaper networks train for more steps, so that all compute the same amount."
        : "") +
      (until === undefined
        ? ""
        : ` A run is tested ${TESTS_PER_EPOCH} times per epoch and ends when ${goalPercent(until)} of the test images are classified right; times leave tests out.`),
    `${data}，${trainImages} 张训练图像，${epochs} 轮，${steps} 步、每步 ${batchSize} 张，${optimizerZh}，${schedule} 最高 ${learningRate}；在 ${testImages} 张测试图像上评估${isKnown ? "" : `；计算图采用 ${lowering} 形式${place.zh}`}。` +
      (equal === "multiply-adds" ? "计算量小的网络训练更多步，使总乘加次数相等。" : "") +
      (until === undefined
        ? ""
        : `每个轮次测试 ${TESTS_PER_EPOCH} 次，测试准确率达到 ${goalPercent(until)} 即结束；时间不含测试。`),
  );
}

/** How much can be told, in a word; and, folded, the tests behind it. */
function openingOf(comparison: Comparison): readonly ReportText[] {
  const { told, pairs, seeds, tests } = describeComparison(comparison);
  const label =
    tests.length === 0
      ? both(`${seeds === 1 ? "1 seed" : `${seeds} seeds`}: no test`, `${seeds} 个种子：无法检验`)
      : told === 0
        ? both("no difference established", "尚未确认任何差异")
        : both(`${told} of ${pairs} pairs ${told === 1 ? "differs" : "differ"}`, `${pairs} 对中有 ${told} 对有差异`);
  return [
    ...(pairs === 0 ? [] : [{ kind: "badges", badges: [{ tone: told === 0 ? "neutral" : "good", label }] } as const]),
    ...(tests.length === 0
      ? []
      : [{ kind: "details", summary: both("The tests behind it", "所依据的检验"), items: tests } as const]),
  ];
}

/** Turns a comparison into a report: words, figures and tests. */
export function reportComparison(comparison: Comparison): Report {
  const { runs, settings } = comparison;
  const { until } = settings;
  const { lead } = describeComparison(comparison);
  const cells = groupCells(runs);
  const pairs = compareTypes(runs);
  const types = shortcutTypes.filter((type) => runs.some(({ shortcut }) => shortcut === type));
  return {
    title: both("What the shortcut type does", "快捷连接类型的作用"),
    lead,
    opening: openingOf(comparison),
    sections: [
      ...(until === undefined
        ? [{ heading: both("Test accuracy", "测试准确率"), parts: [accuracyFigure(cells, comparison)] }]
        : goalSections(runs, until, colorOf)),
      {
        heading: both("Training loss", "训练损失"),
        parts: [
          curvesFigure(cells, "loss", {
            name: "training-loss",
            caption: both(
              "Loss on the training batches; for several seeds, the median with the quartiles as a band.",
              "训练批次上的损失；多个种子取中位数，色带为四分位数。",
            ),
            y: { label: both("loss", "损失") },
          }),
        ],
      },
      {
        heading: both("Gradient at the first layer", "首层梯度"),
        parts: [
          curvesFigure(cells, "firstLayerGradientNorm", {
            name: "first-layer-gradient",
            caption: both(
              "Norm of the loss gradient with respect to the first convolution's weight; it has passed through every block.",
              "损失对首个卷积权重的梯度范数；到达这里的梯度已经过所有残差块。",
            ),
            y: { label: both("gradient norm", "梯度范数"), scale: "log" },
          }),
        ],
      },
      { heading: both("Numbers", "数字"), parts: [numbersTable(cells)] },
      ...(pairs.length === 0 || until !== undefined
        ? []
        : [{ heading: both("Pairwise comparison", "两两比较"), parts: [pairsTable(pairs)] }]),
      {
        heading: both("What the types mean", "各类型的含义"),
        parts: [
          {
            kind: "text",
            text: both(
              "A block computes y = act(F(x) + S(x)). The shortcut type says what S is.",
              "残差块计算 y = act(F(x) + S(x))。快捷连接类型就是 S。",
            ),
          },
          {
            kind: "list",
            items: types.map((type) => ({ term: type, text: explainShortcut(type) })),
          },
        ],
      },
      { heading: both("How it was run", "如何运行"), parts: [{ kind: "note", text: describeSettings(comparison) }] },
    ],
  };
}
