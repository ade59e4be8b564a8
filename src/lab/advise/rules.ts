import type { ModelOptions } from "../../nn/model-options.ts";
import type { Words } from "../report/words.ts";
import type { Cost, NetworkFacts } from "./facts.ts";

/** A sentence in both languages. */
type Sentence = Exclude<Words, string>;

/** What to do with an advice: change the network, think about it, or leave it as it is. */
export type AdviceKind = "change" | "consider" | "keep";

/** One advice on one network. */
export interface Advice {
  readonly id: string;
  readonly kind: AdviceKind;
  readonly text: Sentence;
  /** What speaks for it: published figures, or what was counted on the network. */
  readonly evidence: Sentence;
  readonly source: string;
  /** Blocks that it is about; empty for the whole network. */
  readonly blocks: readonly string[];
  /** What following it saves (below 0: costs). */
  readonly saves?: Cost;
  /** The network as it would be, where following it can be measured. */
  readonly variant?: { readonly name: string; readonly options: ModelOptions };
}

interface Rule {
  readonly id: string;
  readonly source: string;
  /** Undefined where the rule has nothing to say. */
  readonly apply: (facts: NetworkFacts) => Omit<Advice, "id" | "source"> | undefined;
}

const HE_2015 = "He et al. 2015, arXiv:1512.03385";
const HE_2016 = "He et al. 2016, arXiv:1603.05027";

/** From here on the papers find the kind of block to matter. */
const DEEP = 100;
/** From here on a plain network is worse than a shallower one. */
const PLAIN_DEPTH = 30;

const named = (facts: NetworkFacts, changes: ModelOptions): Pick<Advice, "variant"> =>
  facts.model === undefined
    ? {}
    : { variant: { name: facts.model.name, options: { ...facts.model.options, ...changes } } };

const difference = (from: Cost | undefined, to: Cost | undefined): Pick<Advice, "saves"> =>
  from === undefined || to === undefined
    ? {}
    : { saves: { parameters: from.parameters - to.parameters, multiplyAdds: from.multiplyAdds - to.multiplyAdds } };

const share = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;
const count = (value: number): string => value.toLocaleString("en-US");
/** Such as "1 projection stands", "2 projections stand". */
const counted = (number: number, noun: string, verb: string): string =>
  number === 1 ? `1 ${noun} ${verb === "have" ? "has" : `${verb}s`}` : `${number} ${noun}s ${verb}`;
const namesOf = (blocks: NetworkFacts["blocks"]): readonly string[] => blocks.map(({ name }) => name);
const takes = (facts: NetworkFacts, option: keyof ModelOptions): boolean => facts.accepts.includes(option);
const optionsOf = ({ model }: NetworkFacts): ModelOptions => model?.options ?? {};

/** What an advice is called. */
export const adviceNames: Readonly<Record<string, Words>> = {
  "no-shortcut": { en: "no shortcut", zh: "缺少捷径" },
  "wasted-projection": { en: "wasted projection", zh: "多余的投影" },
  "identity-at-change": { en: "identity at change of shape", zh: "形状变化处用恒等" },
  "shortcut-subsampling": { en: "subsampling by mean", zh: "平均下采样" },
  "activation-order": { en: "pre-activation", zh: "预激活" },
  "zero-init": { en: "zero initialisation", zh: "零初始化" },
  "stride-place": { en: "place of the stride", zh: "步长位置" },
  "disturbed-identity": { en: "disturbed identity", zh: "被干扰的恒等" },
  "stochastic-depth": { en: "stochastic depth", zh: "随机深度" },
  "cost-of-c": { en: "cost of C", zh: "C 的成本" },
};

/** The rules, each with where it comes from. */
const adviceRules: readonly Rule[] = [
  {
    id: "no-shortcut",
    source: `${HE_2015}, table 2; Li et al. 2018, arXiv:1712.09913, table 1`,
    apply: (facts) => {
      const plain = facts.blocks.filter(({ shortcut }) => shortcut === "none");
      if (plain.length === 0) return undefined;
      const isDeep = facts.depth >= PLAIN_DEPTH;
      return {
        kind: isDeep ? "change" : "consider",
        blocks: namesOf(plain),
        text: {
          en: `${counted(plain.length, "block", "have")} no shortcut${isDeep ? "; at this depth the network trains badly without" : ""}: use "project", or "pad", which costs nothing.`,
          zh: `${plain.length} 个块没有捷径${isDeep ? "；在这样的深度下网络难以训练" : ""}：请使用 "project"，或不增加任何成本的 "pad"。`,
        },
        evidence: {
          en: "ImageNet top-1 error, 34 layers: plain 28.54 %, with shortcuts 25.03 %; CIFAR-10, 56 layers: 13.31 % against 5.89 %, 20 layers: 8.18 % against 7.37 %.",
          zh: "ImageNet top-1 错误率（34 层）：无捷径 28.54 %，有捷径 25.03 %；CIFAR-10（56 层）：13.31 % 对 5.89 %，20 层：8.18 % 对 7.37 %。",
        },
        ...named(facts, { shortcut: "project" }),
        ...difference(facts.cost, facts.costs.project),
      };
    },
  },
  {
    id: "wasted-projection",
    source: `${HE_2015}, table 3; ${HE_2016}, table 1`,
    apply: (facts) => {
      const wasted = facts.blocks.filter(({ shortcut, keepsShape }) => shortcut === "projection" && keepsShape);
      if (wasted.length === 0) return undefined;
      const saving = difference(facts.cost, facts.costs.project);
      const savings =
        saving.saves === undefined || facts.cost === undefined
          ? undefined
          : {
              parameters: count(saving.saves.parameters),
              ofParameters: share(saving.saves.parameters, facts.cost.parameters),
              ofMultiplyAdds: share(saving.saves.multiplyAdds, facts.cost.multiplyAdds),
            };
      const saved =
        savings === undefined
          ? { en: "", zh: "" }
          : {
              en: `, which saves ${savings.parameters} parameters (${savings.ofParameters}), ${savings.ofMultiplyAdds} of the multiply-adds`,
              zh: `，可节省 ${savings.parameters} 个参数（${savings.ofParameters}）和 ${savings.ofMultiplyAdds} 的乘加运算`,
            };
      return {
        kind: "change",
        blocks: namesOf(wasted),
        text: {
          en: `${counted(wasted.length, "projection", "stand")} where the shape does not change, so that an identity would do: use "project" (B)${saved.en}.`,
          zh: `${wasted.length} 个投影位于形状不变处，用恒等捷径即可：请使用 "project"（B）${saved.zh}。`,
        },
        evidence: {
          en: "ImageNet top-1 error, ResNet-34: B 24.52 %, C 24.19 %, which the authors find not worth its cost; on CIFAR-10 with 110 layers, 1×1 convolutions on all shortcuts give 12.22 % against 6.61 %.",
          zh: "ImageNet top-1 错误率（ResNet-34）：B 24.52 %，C 24.19 %，作者认为不值其成本；CIFAR-10（110 层）所有捷径使用 1×1 卷积为 12.22 %，恒等为 6.61 %。",
        },
        ...named(facts, { shortcut: "project" }),
        ...saving,
      };
    },
  },
  {
    id: "identity-at-change",
    source: `${HE_2015}, section 4.2 and table 3`,
    apply: (facts) => {
      const changing = facts.blocks.filter(({ shortcut, keepsShape }) => shortcut === "projection" && !keepsShape);
      const saving = difference(facts.cost, facts.costs.pad);
      if (changing.length === 0 || facts.costs.pad === undefined || saving.saves === undefined) return undefined;
      return {
        kind: "consider",
        blocks: namesOf(changing),
        text: {
          en: `${counted(changing.length, "projection", "follow")} a change of shape; "pad" (A) keeps an identity there and saves ${count(saving.saves.parameters)} parameters (${share(saving.saves.parameters, facts.cost!.parameters)}).`,
          zh: `${changing.length} 个投影用于形状变化处；"pad"（A）可在此保持恒等，节省 ${count(saving.saves.parameters)} 个参数（${share(saving.saves.parameters, facts.cost!.parameters)}）。`,
        },
        evidence: {
          en: "The CIFAR networks of the paper have A everywhere (ResNet-20 8.75 %); on ImageNet B is a little better (24.52 % against 25.03 %).",
          zh: "论文中的 CIFAR 网络全部使用 A（ResNet-20 8.75 %）；在 ImageNet 上 B 略好（24.52 % 对 25.03 %）。",
        },
        ...named(facts, { shortcut: "pad" }),
        ...saving,
      };
    },
  },
  {
    id: "shortcut-subsampling",
    source: "He et al. 2018, arXiv:1812.01187, section 4.1 (ResNet-D)",
    apply: (facts) => {
      const shrinking = facts.blocks.filter(({ shortcut, shrinks }) => shortcut === "projection" && shrinks);
      if (shrinking.length === 0 || !takes(facts, "subsample") || optionsOf(facts).subsample === "average")
        return undefined;
      return {
        kind: "consider",
        blocks: namesOf(shrinking),
        text: {
          en: `With stride 2, ${counted(shrinking.length, "projection", "read")} one point of four; "subsample=average" takes means first and loses none.`,
          zh: `${shrinking.length} 个步长为 2 的投影只读取四分之一的点；"subsample=average" 先取平均，不丢失信息。`,
        },
        evidence: {
          en: "ResNet-50-D on ImageNet: 77.16 % against 76.87 % top-1 with a strided projection (ResNet-50-C), at almost equal cost.",
          zh: "ImageNet 上 ResNet-50-D：top-1 77.16 %，而步长投影（ResNet-50-C）为 76.87 %，成本几乎相同。",
        },
        ...named(facts, { subsample: "average" }),
      };
    },
  },
  {
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
  },
  {
    id: "zero-init",
    source: "Goyal et al. 2017, arXiv:1706.02677, section 5.1; He et al. 2018, arXiv:1812.01187, table 4",
    apply: (facts) => {
      if (!takes(facts, "zeroInitResidual") || facts.blocks.every(({ shortcut }) => shortcut === "none"))
        return undefined;
      // In pre-activation blocks the last norm is followed by a convolution: it is not the residual's end.
      if (facts.order !== "post-activation") return undefined;
      if (optionsOf(facts).zeroInitResidual === true)
        return {
          kind: "keep",
          blocks: [],
          text: {
            en: "Blocks start as their shortcuts (zeroInitResidual): right.",
            zh: "块以其捷径开始（zeroInitResidual）：合适。",
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
          zh: '使用 "zeroInitResidual=true" 时每个块以其捷径开始；没有成本，并使最初几步更容易，尤其在大批量时。',
        },
        evidence: {
          en: "ResNet-50 on ImageNet with batch 1024 and warm-up: 76.19 % against 75.93 % top-1.",
          zh: "ImageNet 上批量 1024 且带预热的 ResNet-50：top-1 76.19 %，否则为 75.93 %。",
        },
        ...named(facts, { zeroInitResidual: true }),
      };
    },
  },
  {
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
              en: "The stride lies on the 3×3 convolution, which reads every point: right.",
              zh: "步长位于 3×3 卷积，读取所有的点：合适。",
            },
        evidence: {
          en: "ResNet-50 on ImageNet: 76.66 % against 76.21 % top-1, for 4.1 against 3.8 G multiply-adds.",
          zh: "ImageNet 上 ResNet-50：top-1 76.66 % 对 76.21 %，乘加 4.1 G 对 3.8 G。",
        },
        ...(isFirst ? named(facts, { stridePlace: "3x3" }) : {}),
      };
    },
  },
  {
    id: "disturbed-identity",
    source: `${HE_2016}, table 1`,
    apply: (facts) => {
      const disturbed = facts.blocks.filter(({ shortcut }) => /scaled|gated|dropout/.test(shortcut));
      if (disturbed.length === 0) return undefined;
      return {
        kind: "change",
        blocks: namesOf(disturbed),
        text: {
          en: `${disturbed.length} shortcuts multiply what they carry (${[...new Set(disturbed.map(({ shortcut }) => shortcut))].join(", ")}): over many blocks that multiplies up. An identity is better.`,
          zh: `${disturbed.length} 个捷径对所携带的内容做乘法（${[...new Set(disturbed.map(({ shortcut }) => shortcut))].join("、")}）：经过许多块后会累积。恒等捷径更好。`,
        },
        evidence: {
          en: "CIFAR-10 with 110 layers, error: identity 6.61 %, gate on the shortcut alone 6.91 % (bias −6) or 12.86 % (bias 0), exclusive gate 8.70 %, scaled by 0.5 12.35 %, dropout fails.",
          zh: "CIFAR-10（110 层）错误率：恒等 6.61 %，仅捷径门控 6.91 %（偏置 −6）或 12.86 %（偏置 0），互斥门控 8.70 %，缩放 0.5 为 12.35 %，dropout 失败。",
        },
        ...named(facts, { shortcut: "project" }),
      };
    },
  },
  {
    id: "stochastic-depth",
    source: "Huang et al. 2016, arXiv:1603.09382, table 1",
    apply: (facts) => {
      if (facts.depth < DEEP || !takes(facts, "stochasticDepth") || (optionsOf(facts).stochasticDepth ?? 0) > 0)
        return undefined;
      return {
        kind: "consider",
        blocks: [],
        text: {
          en: `With ${facts.depth} layers, leaving out residuals at random in training ("stochasticDepth=0.5") regularises and saves a quarter of the time.`,
          zh: `网络有 ${facts.depth} 层，训练时随机跳过残差（"stochasticDepth=0.5"）可起正则化作用并节省四分之一的时间。`,
        },
        evidence: {
          en: "CIFAR-10 with 110 layers: 5.25 % against 6.41 %.",
          zh: "CIFAR-10（110 层）：5.25 % 对 6.41 %。",
        },
        ...named(facts, { stochasticDepth: 0.5 }),
      };
    },
  },
  {
    id: "cost-of-c",
    source: `${HE_2015}, table 3`,
    apply: ({ costs }) => {
      const [b, c] = [costs.project, costs["project-all"]];
      if (b === undefined || c === undefined || c.parameters <= b.parameters) return undefined;
      return {
        kind: "keep",
        blocks: [],
        text: {
          en: `C would cost ${count(c.parameters - b.parameters)} parameters more than B (${share(c.parameters - b.parameters, b.parameters)}) and ${share(c.multiplyAdds - b.multiplyAdds, b.multiplyAdds)} more multiply-adds.`,
          zh: `C 比 B 多 ${count(c.parameters - b.parameters)} 个参数（${share(c.parameters - b.parameters, b.parameters)}），多 ${share(c.multiplyAdds - b.multiplyAdds, b.multiplyAdds)} 的乘加运算。`,
        },
        evidence: {
          en: "Counted on this network; ImageNet top-1 error, ResNet-34: B 24.52 %, C 24.19 %.",
          zh: "在本网络上计算；ImageNet top-1 错误率（ResNet-34）：B 24.52 %，C 24.19 %。",
        },
      };
    },
  },
];

const urgency: readonly AdviceKind[] = ["change", "consider", "keep"];

/** What the rules say of a network, the most urgent first. */
export function adviseOn(facts: NetworkFacts): readonly Advice[] {
  return adviceRules
    .flatMap(({ id, source, apply }) => {
      const found = apply(facts);
      return found === undefined ? [] : [{ id, source, ...found }];
    })
    .toSorted((a, b) => urgency.indexOf(a.kind) - urgency.indexOf(b.kind));
}
