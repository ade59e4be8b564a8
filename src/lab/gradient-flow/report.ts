import type { Figure, HeatMapFigure, LinesFigure, SeriesPoint } from "../../report/figures.ts";
import type { Report } from "../../report/report.ts";
import { phrase, type Words } from "../../report/words.ts";
import type { BlockFlow, FlowProfile, LayerFlow } from "./profile.ts";
import { type FlowStudy, type NetworkFlow, summarizeStudy } from "./study.ts";

/** A quantity of layers or blocks with its words. */
interface Quantity<Row> {
  readonly name: string;
  readonly label: Words;
  readonly caption: Words;
  readonly scale: "linear" | "log";
  readonly value: (row: Row) => number | undefined;
}

const layerQuantities: readonly Quantity<LayerFlow>[] = [
  {
    name: "gradient",
    label: { en: "gradient norm ‖∂L/∂W‖", zh: "梯度范数 ‖∂L/∂W‖" },
    caption: {
      en: "Norm of the loss gradient with respect to each layer's weight. Strong growth towards the first layers means an exploding gradient, strong decay a vanishing one.",
      zh: "损失对每层权重的梯度范数。越靠近第一层越大表示梯度爆炸，越小表示梯度消失。",
    },
    scale: "log",
    value: ({ gradient }) => gradient,
  },
  {
    name: "update",
    label: { en: "update ratio ‖ΔW‖/‖W‖", zh: "更新比 ‖ΔW‖/‖W‖" },
    caption: {
      en: "Relative change of each layer's weight in one step. About 0.001 is typical; far more destroys what was learnt, far less learns nothing.",
      zh: "一步更新对每层权重的改变。常见约为 0.001；过大会破坏已学到的内容，过小则学不到东西。",
    },
    scale: "log",
    value: ({ update }) => update,
  },
  {
    name: "mean",
    label: { en: "activation mean", zh: "激活均值" },
    caption: {
      en: "Mean of the relu after each layer (of the layer itself if none follows).",
      zh: "每层之后的 ReLU 的均值（其后没有 ReLU 时为该层自身的输出）。",
    },
    scale: "linear",
    value: ({ mean }) => mean,
  },
  {
    name: "variance",
    label: { en: "activation variance", zh: "激活方差" },
    caption: {
      en: "Variance of the same values. In a residual stage it grows from block to block, because every block adds to its input.",
      zh: "同样这些值的方差。在残差阶段中它逐块增长，因为每个块都在之前的结果上相加。",
    },
    scale: "log",
    value: ({ variance }) => variance,
  },
  {
    name: "dead",
    label: { en: "share of dead relu channels", zh: "失活 ReLU 通道的比例" },
    caption: {
      en: "Channels of the relu after each layer that are 0 at every position of every image in the batch.",
      zh: "每层之后的 ReLU 中，在该批次所有图像的所有位置都为 0 的通道所占比例。",
    },
    scale: "linear",
    value: ({ dead }) => dead,
  },
];

const blockQuantities: readonly Quantity<BlockFlow>[] = [
  {
    name: "block-gradient",
    label: { en: "gradient at the block's input ‖∂L/∂x‖", zh: "块输入处的梯度 ‖∂L/∂x‖" },
    caption: {
      en: "Gradient that arrives at each block's input.",
      zh: "反向传播时到达每个块输入的梯度。",
    },
    scale: "log",
    value: ({ gradientIn }) => gradientIn,
  },
  {
    name: "residual-share",
    label: { en: "‖F(x)‖ / ‖S(x)‖", zh: "‖F(x)‖ / ‖S(x)‖" },
    caption: {
      en: "Size of the block's output relative to its shortcut's: well below 1, the block corrects its input; above 1, it replaces it. A plain block has no S.",
      zh: "块计算的结果与快捷连接携带的内容之比：远小于 1 表示块在修正输入；大于 1 表示块在替换输入。普通块没有 S。",
    },
    scale: "log",
    value: ({ residual, shortcut }) => (shortcut === undefined ? undefined : residual / shortcut),
  },
  {
    name: "cosine",
    label: { en: "cosine between x and y", zh: "x 与 y 的余弦" },
    caption: {
      en: "How much of its input's direction a block keeps: 1 leaves it unchanged. Undefined for blocks that change the shape.",
      zh: "块在多大程度上保留输入的方向：1 表示保持不变。改变形状的块没有该值。",
    },
    scale: "linear",
    value: ({ cosine }) => cosine,
  },
];

const atStart: Words = { en: "at the start", zh: "开始时" };
const afterSteps = (step: number): Words => ({ en: `after ${step} steps`, zh: `${step} 步之后` });

/** The first profile and, where there is training, the last. */
const moments = ({ profiles }: NetworkFlow): readonly FlowProfile[] =>
  profiles.length > 1 ? [profiles[0], profiles.at(-1)!] : profiles;

const momentWords = ({ step }: FlowProfile): Words => (step === 0 ? atStart : afterSteps(step));

/** What a network has from its image to its scores. */
interface Depth<Row> {
  readonly x: Words;
  readonly rows: (profile: FlowProfile) => readonly Row[];
  readonly nameOf: (row: Row) => string;
}

const layerDepth: Depth<LayerFlow> = {
  x: { en: "layer, from the image to the scores", zh: "层：从图像到输出" },
  rows: ({ layers }) => layers,
  nameOf: ({ layer }) => layer,
};

const blockDepth: Depth<BlockFlow> = {
  x: { en: "block, from the image to the scores", zh: "块：从图像到输出" },
  rows: ({ blocks }) => blocks,
  nameOf: ({ block }) => block,
};

/** Depth profiles: one curve per network, one panel for the start and one for the end. */
function profileFigure<Row>(study: FlowStudy, quantity: Quantity<Row>, { x, rows, nameOf }: Depth<Row>): LinesFigure {
  const namesOf = ({ profiles }: NetworkFlow): readonly string[] => rows(profiles[0]).map(nameOf);
  // Layers that only some networks have, such as projections, must not move the others aside.
  const longest = study.networks.map(namesOf).reduce((a, b) => (b.length > a.length ? b : a));
  const placesOf = (network: NetworkFlow): readonly number[] => {
    const own = namesOf(network);
    const isPart = own.every((name) => longest.includes(name));
    return own.map((name, index) => 1 + (isPart ? longest.indexOf(name) : index));
  };
  return {
    kind: "lines",
    name: `profile-${quantity.name}`,
    title: quantity.label,
    caption: quantity.caption,
    x: { label: x },
    y: { label: quantity.label, scale: quantity.scale },
    series: study.networks.flatMap((network) => {
      const places = placesOf(network);
      return moments(network).map((profile) => ({
        name: network.label,
        panel: momentWords(profile),
        points: rows(profile).flatMap((row, index): readonly SeriesPoint[] => {
          const y = quantity.value(row);
          return y === undefined || !Number.isFinite(y) ? [] : [{ x: places[index], y, label: nameOf(row) }];
        }),
      }));
    }),
  };
}

/** Layer by step, one map per network. */
function heatMapFigure(study: FlowStudy, quantity: Quantity<LayerFlow>): HeatMapFigure {
  const [first] = study.networks;
  const names = ({ profiles }: NetworkFlow): readonly string[] => profiles[0].layers.map(({ layer }) => layer);
  const steps = [...new Set(study.networks.flatMap(({ profiles }) => profiles.map(({ step }) => step)))].toSorted(
    (a, b) => a - b,
  );
  return {
    kind: "heat-map",
    name: `steps-${quantity.name}`,
    title: phrase(quantity.label, { en: ", layer by step", zh: "，层 × 步" }),
    caption: phrase(quantity.caption, { en: " Brighter means larger.", zh: "颜色越亮，值越大。" }),
    rowLabel: { en: "layer", zh: "层" },
    columnLabel: { en: "step", zh: "步" },
    rows: names(first),
    columns: steps.map(String),
    value: { label: quantity.label, scale: quantity.scale },
    maps: study.networks.map((network) => ({
      name: network.label,
      rows: names(network),
      values: names(network).map((_, row) =>
        steps.map((step) => {
          const profile = network.profiles.find((candidate) => candidate.step === step);
          return (profile && quantity.value(profile.layers[row])) ?? Number.NaN;
        }),
      ),
    })),
  };
}

const digits = (value: number): string => String(Number(value.toPrecision(4)));

const kinds: Readonly<Record<string, Words>> = {
  vanishing: { en: "vanishing", zh: "消失" },
  exploding: { en: "exploding", zh: "爆炸" },
  steady: { en: "steady", zh: "稳定" },
  broken: { en: "broken", zh: "中断" },
};

function ratioTable(study: FlowStudy): Figure {
  return {
    kind: "table",
    name: "ratios",
    caption: {
      en: "‖∂L/∂W‖ of the first and the last layer, their ratio, and the factor per layer of a straight line fitted to the logarithms of all layers. A gradient counts as vanishing or exploding if that line changes more than 30-fold over the network.",
      zh: "第一层与最后一层的 ‖∂L/∂W‖、两者之比，以及所有层对数值的拟合直线给出的每层倍数。该直线在整个网络上变化超过 30 倍时，视为消失或爆炸。",
    },
    columns: [
      { title: { en: "network", zh: "网络" } },
      { title: { en: "step", zh: "步" }, align: "right" },
      { title: { en: "first layer", zh: "第一层" }, align: "right" },
      { title: { en: "last layer", zh: "最后一层" }, align: "right" },
      { title: { en: "first / last", zh: "第一层 / 最后一层" }, align: "right" },
      { title: { en: "per layer", zh: "每层" }, align: "right" },
      { title: { en: "the gradient is", zh: "梯度" } },
    ],
    rows: summarizeStudy(study).map(({ label, step, first, last, ratio, verdict }) => [
      label,
      String(step),
      `${first.layer} ${digits(first.gradient)}`,
      `${last.layer} ${digits(last.gradient)}`,
      digits(ratio),
      verdict === undefined ? "–" : `×${digits(verdict.perLayer)}`,
      verdict === undefined ? "–" : kinds[verdict.kind],
    ]),
  };
}

const has = <Row>(rows: readonly Row[], { value }: Quantity<Row>): boolean =>
  rows.some((row) => value(row) !== undefined);

/** The study as a page. */
export function reportGradientFlow(study: FlowStudy): Report {
  const all = study.networks.flatMap(({ profiles }) => profiles);
  const layers = layerQuantities.filter((quantity) =>
    has(
      all.flatMap((profile) => profile.layers),
      quantity,
    ),
  );
  const blocks = blockQuantities.filter((quantity) =>
    has(
      all.flatMap((profile) => profile.blocks),
      quantity,
    ),
  );
  const isFollowed = all.some(({ step }) => step > 0);
  const lossFigure: LinesFigure = {
    kind: "lines",
    name: "loss",
    caption: { en: "Loss on the measured batch.", zh: "被测批次上的损失。" },
    x: { label: { en: "step", zh: "步" } },
    y: { label: { en: "loss", zh: "损失" } },
    series: study.networks.map(({ label, profiles }) => ({
      name: label,
      points: profiles.map(({ step, loss }) => ({ x: step, y: loss })),
    })),
  };
  return {
    title: { en: "Does the gradient vanish or explode, and where?", zh: "梯度是消失还是爆炸，发生在哪里？" },
    lead: summarizeStudy(study).map(({ sentence }) => sentence),
    sections: [
      {
        heading: { en: "First layer against last", zh: "第一层与最后一层" },
        parts: [ratioTable(study)],
      },
      {
        heading: { en: "Through the depth", zh: "沿深度的变化" },
        parts: layers.map((quantity) => profileFigure(study, quantity, layerDepth)),
      },
      {
        heading: { en: "Block by block", zh: "逐块" },
        parts: blocks.map((quantity) => profileFigure(study, quantity, blockDepth)),
      },
      ...(isFollowed
        ? [
            {
              heading: { en: "Along training", zh: "训练过程中" },
              parts: [lossFigure, ...layers.map((quantity) => heatMapFigure(study, quantity))],
            },
          ]
        : []),
      {
        heading: { en: "How it was measured", zh: "测量方法" },
        parts: [
          {
            kind: "note",
            text: {
              en: `${study.data}, one fixed batch of ${study.batch} images, batch norm in training mode; ${study.steps} updates, seed ${study.seed}, ${study.lowering} lowering.`,
              zh: `${study.data}，同一批 ${study.batch} 张图像，批归一化处于训练模式；${study.steps} 次更新，种子 ${study.seed}，计算图采用 ${study.lowering} 形式。`,
            },
          },
        ],
      },
    ].filter(({ parts }) => parts.length > 0) as Report["sections"],
  };
}
