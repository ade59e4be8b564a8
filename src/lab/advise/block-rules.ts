import { layerScaleStarts } from "../../nn/shortcuts/layer-scale.ts";
import { HE_2016, named, optionsOf, type Rule, takes } from "./rule.ts";

// What the papers say of blocks and their training, whatever the shortcut.

/** From here on the papers find the kind of block to matter. */
const DEEP = 100;

/** Whether activation comes before or after the addition. */
export const activationOrder: Rule = {
  id: "activation-order",
  source: `${HE_2016}, tables 2 and 3`,
  apply: (facts) => {
    if (facts.order === "unknown" || facts.blocks.length === 0) return undefined;
    const isDeep = facts.depth >= DEEP;
    const isPre = facts.order === "pre-activation";
    const evidence = {
      en: "CIFAR-10 error, original against pre-activation: 110 layers 6.61 % and 6.37 %, 164 layers 5.93 % and 5.46 %, 1001 layers 7.61 % and 4.92 %.",
      zh: "CIFAR-10 错误率（原始 / 预激活）：110 层 6.61 % / 6.37 %，164 层 5.93 % / 5.46 %，1001 层 7.61 % / 4.92 %。",
    };
    if (isDeep && !isPre)
      return {
        kind: "change",
        blocks: [],
        text: {
          en: `With ${facts.depth} layers, pre-activation (resnetv2_…) lets the identity pass every addition untouched.`,
          zh: `网络有 ${facts.depth} 层，预激活（resnetv2_…）使恒等路径在每次相加后保持不变。`,
        },
        evidence,
      };
    return {
      kind: "keep",
      blocks: [],
      text: isPre
        ? { en: `Pre-activation is right ${isDeep ? "at this depth" : "at any depth"}.`, zh: "预激活是合适的选择。" }
        : {
            en: `With ${facts.depth} layers, the order of activation and addition hardly matters: leave it.`,
            zh: `网络有 ${facts.depth} 层，激活与相加的顺序影响很小：无需改变。`,
          },
      evidence,
    };
  },
};

/** Whether blocks start as their shortcuts. */
export const zeroInit: Rule = {
  id: "zero-init",
  source: "Goyal et al. 2017, arXiv:1706.02677, section 5.1; He et al. 2018, arXiv:1812.01187, table 4",
  apply: (facts) => {
    if (!takes(facts, "zeroInitResidual") || facts.blocks.every(({ shortcut }) => shortcut === "none"))
      return undefined;
    // Such networks have no norm that could start at 0.
    if ((optionsOf(facts).norm ?? "batch") !== "batch") return undefined;
    // What layerScale is for; the two together would be one too many.
    if ((optionsOf(facts).layerScale ?? "none") !== "none") return undefined;
    // In pre-activation blocks the last norm is followed by a convolution: it is not the residual's end.
    if (facts.order !== "post-activation") return undefined;
    if (optionsOf(facts).zeroInitResidual === true)
      return {
        kind: "keep",
        blocks: [],
        text: {
          en: "Blocks start as their shortcuts (zeroInitResidual): good.",
          zh: "块以其快捷连接开始（zeroInitResidual）：合适。",
        },
        evidence: {
          en: "It eases the first steps of deep networks and large batches.",
          zh: "这使深层网络和大批量训练的最初几步更容易。",
        },
      };
    return {
      kind: "consider",
      blocks: [],
      text: {
        en: 'With "zeroInitResidual=true" every block starts as its shortcut; it costs nothing and eases the first steps, above all with large batches.',
        zh: '使用 "zeroInitResidual=true" 时每个块以其快捷连接开始；没有成本，并使最初几步更容易，尤其在大批量时。',
      },
      evidence: {
        en: "ResNet-50 on ImageNet with batch 1024 and warm-up: 76.19 % against 75.93 % top-1.",
        zh: "ImageNet 上批量 1024 且带预热的 ResNet-50：top-1 76.19 %，否则为 75.93 %。",
      },
      ...named(facts, { zeroInitResidual: true }),
    };
  },
};

/** A factor on F above this is no start near the shortcut, whatever the depth. */
const LARGEST_START = 0.1;

/** Whether a learnable factor on F starts near enough to 0. */
export const layerScale: Rule = {
  id: "layer-scale",
  source: "Touvron et al. 2021, arXiv:2103.17239, section 2; Bachlechner et al. 2020, arXiv:2003.04887, section 3",
  apply: (facts) => {
    const { layerScale: kind = "none", layerScaleInit } = optionsOf(facts);
    if (kind === "none") return undefined;
    const start = layerScaleInit ?? layerScaleStarts[kind];
    const evidence = {
      en: "At λ = 0 a block is its shortcut: the gradient passes every block unchanged, and at the first step only λ and what lies outside the blocks learn. CaiT starts at 0.1 for up to 18 blocks, 10⁻⁵ for 24 and 10⁻⁶ for more; ReZero starts at 0.",
      zh: "λ = 0 时块就是其快捷连接：梯度原样穿过每个块，第一步只有 λ 和块以外的层在学习。CaiT 在 18 个块以内取 0.1，24 个块取 10⁻⁵，更多时取 10⁻⁶；ReZero 从 0 开始。",
    };
    if (Math.abs(start) <= LARGEST_START)
      return {
        kind: "keep",
        blocks: [],
        text: {
          en: `Blocks start as their shortcuts, or nearly: the factor on F starts at ${start} (layerScale).`,
          zh: `块以其快捷连接开始，或几乎如此：F 前的系数从 ${start} 开始（layerScale）。`,
        },
        evidence,
      };
    return {
      kind: "consider",
      blocks: [],
      text: {
        en: `The factor on F starts at ${start}: blocks start far from their shortcuts, which is what layerScale is there to avoid. "layerScaleInit=${layerScaleStarts[kind]}" is its usual start.`,
        zh: `F 前的系数从 ${start} 开始：块在初始时远离其快捷连接，而 layerScale 正是为了避免这一点。通常取 "layerScaleInit=${layerScaleStarts[kind]}"。`,
      },
      evidence,
      ...named(facts, { layerScaleInit: layerScaleStarts[kind] }),
    };
  },
};

/** What takes the place of batch norm, where there is none. */
export const withoutNorm: Rule = {
  id: "without-norm",
  source: "Zhang et al. 2019, arXiv:1901.09321, section 3; De and Smith 2020, arXiv:2002.10444, section 4",
  apply: (facts) => {
    const { norm = "batch" } = optionsOf(facts);
    if (norm === "batch") return undefined;
    const blocks = facts.blocks.length;
    const layers = facts.isBottleneck ? 3 : 2;
    const scale = Number((blocks ** (-1 / (2 * layers - 2))).toPrecision(3));
    return {
      kind: "keep",
      blocks: [],
      text:
        norm === "fixup"
          ? {
              en: `No batch norm, but Fixup: the last convolution of each block and the classifier start at 0, the other convolutions of the ${blocks} blocks at ${scale} times their usual values (L^(−1/(2m−2)) with L = ${blocks}, m = ${layers}).`,
              zh: `没有批归一化，而用 Fixup：每个块的最后一个卷积和分类头从 0 开始，${blocks} 个块中其余的卷积从通常值的 ${scale} 倍开始（L^(−1/(2m−2))，L = ${blocks}，m = ${layers}）。`,
            }
          : {
              en: `No batch norm: the factor on F, which starts at no more than 1/√${blocks}, keeps signals from growing over ${blocks} blocks (SkipInit).`,
              zh: `没有批归一化：F 前的系数从不超过 1/√${blocks} 的值开始，使信号不会在 ${blocks} 个块中逐渐增大（SkipInit）。`,
            },
      evidence: {
        en: "Without it, the output's variance grows exponentially with depth. Fixup trains 10,000 layers as stably as batch norm does; it needs more regularisation, such as mixup, and no batch statistics.",
        zh: "否则输出的方差随深度指数增长。Fixup 训练 10,000 层网络与批归一化同样稳定；它需要更强的正则化（如 mixup），但不需要批统计量。",
      },
    };
  },
};

/** Which convolution of a bottleneck has the stride. */
export const stridePlace: Rule = {
  id: "stride-place",
  source: "He et al. 2018, arXiv:1812.01187, section 4.1 (ResNet-B); torchvision's ResNet v1.5",
  apply: (facts) => {
    if (!facts.isBottleneck || !takes(facts, "stridePlace")) return undefined;
    const isFirst = optionsOf(facts).stridePlace === "1x1";
    return {
      kind: isFirst ? "change" : "keep",
      blocks: [],
      text: isFirst
        ? {
            en: 'The stride lies on the first 1×1 convolution, which reads one point of four: "stridePlace=3x3" loses none.',
            zh: '步长位于第一个 1×1 卷积，只读取四分之一的点："stridePlace=3x3" 不丢失信息。',
          }
        : {
            en: "The stride is on the 3×3 convolution, which reads every pixel: good.",
            zh: "步长位于 3×3 卷积，读取所有的点：合适。",
          },
      evidence: {
        en: "ResNet-50 on ImageNet: top-1 76.66 % versus 76.21 %, for 4.1 versus 3.8 G multiply-adds.",
        zh: "ImageNet 上 ResNet-50：top-1 76.66 % 对 76.21 %，乘加 4.1 G 对 3.8 G。",
      },
      ...(isFirst ? named(facts, { stridePlace: "3x3" }) : {}),
    };
  },
};

/** Whether residuals are left out at random in training. */
export const stochasticDepth: Rule = {
  id: "stochastic-depth",
  source: "Huang et al. 2016, arXiv:1603.09382, table 1",
  apply: (facts) => {
    if (facts.depth < DEEP || !takes(facts, "stochasticDepth") || (optionsOf(facts).stochasticDepth ?? 0) > 0)
      return undefined;
    return {
      kind: "consider",
      blocks: [],
      text: {
        en: `With ${facts.depth} layers, dropping residuals at random in training ("stochasticDepth=0.5") regularises and saves a quarter of the time.`,
        zh: `网络有 ${facts.depth} 层，训练时随机跳过残差（"stochasticDepth=0.5"）可起正则化作用并节省四分之一的时间。`,
      },
      evidence: {
        en: "CIFAR-10 with 110 layers: 5.25 % against 6.41 %.",
        zh: "CIFAR-10（110 层）：5.25 % 对 6.41 %。",
      },
      ...named(facts, { stochasticDepth: 0.5 }),
    };
  },
};
