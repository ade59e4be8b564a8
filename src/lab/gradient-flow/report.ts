import { onDevice } from "../../report/on-device.ts";
import type { Figure, HeatMapFigure, LinesFigure, SeriesPoint } from "../../report/figures.ts";
import type { Badge, Report, ReportText } from "../../report/report.ts";
import { phrase, type Words } from "../../report/words.ts";
import type { BlockFlow, FlowProfile, LayerFlow } from "./profile.ts";
import { blockQuantities, layerQuantities, type Quantity } from "./quantities.ts";
import { describeOvershoots } from "./overshoot.ts";
import { type FlowStudy, type NetworkFlow, summarizeStudy } from "./study.ts";

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

const tones: Readonly<Record<string, Badge["tone"]>> = {
  vanishing: "bad",
  exploding: "bad",
  broken: "bad",
  steady: "good",
};

/** The verdicts in a word each: of the last moment, and of the first where it is another. */
function verdictBadges(study: FlowStudy): readonly Badge[] {
  const all = summarizeStudy(study);
  return all.flatMap(({ label, step, verdict }, index): readonly Badge[] => {
    const after = all.slice(index + 1).find((other) => other.label === label);
    if (verdict === undefined || after?.verdict?.kind === verdict.kind) return [];
    const about = phrase(label, { en: ", ", zh: "，" }, step === 0 ? atStart : afterSteps(step));
    return [{ tone: tones[verdict.kind] ?? "neutral", label: kinds[verdict.kind], about }];
  });
}

/** What to look at, in which order, and what could be read wrong. */
function readingGuide(study: FlowStudy, isFollowed: boolean): ReportText {
  return {
    kind: "list",
    items: [
      {
        term: { en: "1.", zh: "1." },
        text: {
          en: "The table below compares the gradient of the first layer with that of the last. Steady means that a learning rate that suits one layer suits all.",
          zh: "下表比较第一层与最后一层的梯度。“稳定”表示适合某一层的学习率也适合其他各层。",
        },
      },
      {
        term: { en: "2.", zh: "2." },
        text: {
          en: "“Gradient through the depth” shows where it changes: a level line is healthy, a slope means that it grows or fades from layer to layer.",
          zh: "“梯度沿深度的变化”显示变化发生在何处：水平的曲线是健康的，倾斜表示逐层增大或减小。",
        },
      },
      ...(isFollowed ? describeOvershoots(study) : []).map((text) => ({ term: { en: "Note:", zh: "注意：" }, text })),
      {
        term: { en: "Later:", zh: "其余：" },
        text: {
          en: "all other charts look for the cause, and are folded or further below.",
          zh: "其他图用于查找原因，已折叠或位于后面。",
        },
      },
    ],
  };
}

const has = <Row>(rows: readonly Row[], { value }: Quantity<Row>): boolean =>
  rows.some((row) => value(row) !== undefined);

/** The study as a page. */
export function reportGradientFlow(study: FlowStudy): Report {
  const place = onDevice(study);
  const all = study.networks.flatMap(({ profiles }) => profiles);
  const rows = all.flatMap((profile) => profile.layers);
  const layers = layerQuantities.filter((quantity) => has(rows, quantity));
  const blocks = blockQuantities.filter((quantity) =>
    has(
      all.flatMap((profile) => profile.blocks),
      quantity,
    ),
  );
  const [gradients, others] = [
    layers.filter(({ name }) => name === "gradient"),
    layers.filter(
      ({ name, value }) => name !== "gradient" && (name !== "dead" || rows.some((row) => value(row) !== 0)),
    ),
  ];
  const hasNoneDead = layers.length > gradients.length + others.length;
  const isFollowed = all.some(({ step }) => step > 0);
  const lossFigure: LinesFigure = {
    kind: "lines",
    name: "loss",
    caption: describeOvershoots(study).reduce<Words>(
      (caption, sentence) => phrase(caption, { en: " ", zh: "" }, sentence),
      { en: "Loss on the measured batch.", zh: "被测批次上的损失。" },
    ),
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
    opening: [{ kind: "badges", badges: verdictBadges(study) }],
    sections: [
      {
        heading: { en: "Read this first", zh: "先读这里" },
        parts: [readingGuide(study, isFollowed), ratioTable(study)],
      },
      {
        heading: { en: "Gradient through the depth", zh: "梯度沿深度的变化" },
        parts: gradients.map((quantity) => profileFigure(study, quantity, layerDepth)),
      },
      ...(isFollowed
        ? [
            {
              heading: { en: "Along training", zh: "训练过程中" },
              parts: [lossFigure, ...gradients.map((quantity) => heatMapFigure(study, quantity))],
            },
          ]
        : []),
      {
        heading: { en: "Block by block", zh: "逐块" },
        parts: blocks.map((quantity) => profileFigure(study, quantity, blockDepth)),
      },
      {
        heading: { en: "More about the layers", zh: "关于各层的更多信息" },
        isFolded: true,
        parts: [
          ...others.map((quantity) => profileFigure(study, quantity, layerDepth)),
          ...(hasNoneDead
            ? [
                {
                  kind: "text" as const,
                  text: {
                    en: "No relu channel is dead at any measured step.",
                    zh: "在所有测量的步中，没有失活的 ReLU 通道。",
                  },
                },
              ]
            : []),
        ],
      },
      {
        heading: { en: "More along training", zh: "训练过程中的更多信息" },
        isFolded: true,
        parts: isFollowed ? others.map((quantity) => heatMapFigure(study, quantity)) : [],
      },
      {
        heading: { en: "How it was measured", zh: "测量方法" },
        parts: [
          {
            kind: "note",
            text: {
              en: `${study.data}, one fixed batch of ${study.batch} images, batch norm in training mode; ${study.steps} updates, seed ${study.seed}, ${study.lowering} lowering${place.en}.`,
              zh: `${study.data}，同一批 ${study.batch} 张图像，批归一化处于训练模式；${study.steps} 次更新，种子 ${study.seed}，计算图采用 ${study.lowering} 形式${place.zh}。`,
            },
          },
        ],
      },
    ].filter(({ parts }) => parts.length > 0) as Report["sections"],
  };
}
