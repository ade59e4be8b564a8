import type { Words } from "../../report/words.ts";
import type { BlockFlow, LayerFlow } from "./profile.ts";

/** A quantity of layers or blocks with its words. */
export interface Quantity<Row> {
  readonly name: string;
  readonly label: Words;
  readonly caption: Words;
  readonly scale: "linear" | "log";
  readonly value: (row: Row) => number | undefined;
}

export const layerQuantities: readonly Quantity<LayerFlow>[] = [
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
      en: "Mean of the relu after each layer (of the layer itself if none follows). In a residual block it alternates, because the last relu comes after the shortcut is added.",
      zh: "每层之后的 ReLU 的均值（其后没有 ReLU 时为该层自身的输出）。在残差块中数值高低交替，因为最后一个 ReLU 位于与快捷连接相加之后。",
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

export const blockQuantities: readonly Quantity<BlockFlow>[] = [
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
