import type { Advice } from "./advice.ts";
import type { Cost, NetworkFacts } from "./facts.ts";
import { HE_2016, named, optionsOf, type Rule, takes } from "./rule.ts";

// What the papers say of shortcut types.

const HE_2015 = "He et al. 2015, arXiv:1512.03385";

/** From here on a plain network is worse than a shallower one. */
const PLAIN_DEPTH = 30;

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

/** Blocks without a shortcut. */
export const noShortcut: Rule = {
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
        zh: `${plain.length} 个块没有快捷连接${isDeep ? "；在这样的深度下网络难以训练" : ""}：请使用 "project"，或不增加任何成本的 "pad"。`,
      },
      evidence: {
        en: "ImageNet top-1 error, 34 layers: plain 28.54 %, with shortcuts 25.03 %; CIFAR-10, 56 layers: 13.31 % against 5.89 %, 20 layers: 8.18 % against 7.37 %.",
        zh: "ImageNet top-1 错误率（34 层）：无快捷连接 28.54 %，有快捷连接 25.03 %；CIFAR-10（56 层）：13.31 % 对 5.89 %，20 层：8.18 % 对 7.37 %。",
      },
      ...named(facts, { shortcut: "project" }),
      ...difference(facts.cost, facts.costs.project),
    };
  },
};

/** Projections where the shape does not change. */
export const wastedProjection: Rule = {
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
        en: `${counted(wasted.length, "projection", "stand")} where the shape does not change and an identity would do: use "project" (B)${saved.en}.`,
        zh: `${wasted.length} 个投影位于形状不变处，用恒等快捷连接即可：请使用 "project"（B）${saved.zh}。`,
      },
      evidence: {
        en: "ImageNet top-1 error, ResNet-34: B 24.52 %, C 24.19 %, which the authors judge not worth its cost; on CIFAR-10 with 110 layers, 1×1 convolutions on all shortcuts give 12.22 % against 6.61 %.",
        zh: "ImageNet top-1 错误率（ResNet-34）：B 24.52 %，C 24.19 %，作者认为不值其成本；CIFAR-10（110 层）所有快捷连接使用 1×1 卷积为 12.22 %，恒等为 6.61 %。",
      },
      ...named(facts, { shortcut: "project" }),
      ...saving,
    };
  },
};

/** Projections where the shape changes, which option A does without. */
export const identityAtChange: Rule = {
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
};

/** Strided projections, which skip points. */
export const shortcutSubsampling: Rule = {
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
        en: `With stride 2, ${counted(shrinking.length, "projection", "read")} only one pixel in four; "subsample=average" averages first and loses none.`,
        zh: `${shrinking.length} 个步长为 2 的投影只读取四分之一的点；"subsample=average" 先取平均，不丢失信息。`,
      },
      evidence: {
        en: "ResNet-50-D on ImageNet: 77.16 % against 76.87 % top-1 with a strided projection (ResNet-50-C), at almost equal cost.",
        zh: "ImageNet 上 ResNet-50-D：top-1 77.16 %，而步长投影（ResNet-50-C）为 76.87 %，成本几乎相同。",
      },
      ...named(facts, { subsample: "average" }),
    };
  },
};

/** Shortcuts that multiply what they carry. */
export const disturbedIdentity: Rule = {
  id: "disturbed-identity",
  source: `${HE_2016}, table 1`,
  apply: (facts) => {
    const disturbed = facts.blocks.filter(({ shortcut }) => /scaled|gated|dropout/.test(shortcut));
    if (disturbed.length === 0) return undefined;
    return {
      kind: "change",
      blocks: namesOf(disturbed),
      text: {
        en: `${disturbed.length} shortcuts multiply their input (${[...new Set(disturbed.map(({ shortcut }) => shortcut))].join(", ")}): over many blocks the factors compound. An identity is better.`,
        zh: `${disturbed.length} 个快捷连接对所携带的内容做乘法（${[...new Set(disturbed.map(({ shortcut }) => shortcut))].join("、")}）：经过许多块后会累积。恒等快捷连接更好。`,
      },
      evidence: {
        en: "CIFAR-10 with 110 layers, error: identity 6.61 %, gate on the shortcut alone 6.91 % (bias −6) or 12.86 % (bias 0), exclusive gate 8.70 %, scaled by 0.5 12.35 %, dropout fails.",
        zh: "CIFAR-10（110 层）错误率：恒等 6.61 %，仅快捷连接门控 6.91 %（偏置 −6）或 12.86 %（偏置 0），互斥门控 8.70 %，缩放 0.5 为 12.35 %，dropout 失败。",
      },
      ...named(facts, { shortcut: "project" }),
    };
  },
};

/** What projections everywhere would cost. */
export const costOfC: Rule = {
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
};
