import type { ModelOptions } from "../../nn/model-options.ts";
import type { Words } from "../../report/words.ts";
import type { Cost } from "./facts.ts";

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

/** What an advice is called. */
export const adviceNames: Readonly<Record<string, Words>> = {
  "no-shortcut": { en: "no shortcut", zh: "缺少快捷连接" },
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
