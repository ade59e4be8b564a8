import type { ModelOptions } from "../../nn/model-options.ts";
import type { Advice } from "./advice.ts";
import type { NetworkFacts } from "./facts.ts";

/** What speaks for or against a part of a network. */
export interface Rule {
  readonly id: string;
  readonly source: string;
  /** Undefined where the rule has nothing to say. */
  readonly apply: (facts: NetworkFacts) => Omit<Advice, "id" | "source"> | undefined;
}

/** Identity mappings, the paper that both kinds of rules rest on. */
export const HE_2016 = "He et al. 2016, arXiv:1603.05027";

/** The network as it would be with these options, where it is known by its name. */
export const named = (facts: NetworkFacts, changes: ModelOptions): Pick<Advice, "variant"> =>
  facts.model === undefined
    ? {}
    : { variant: { name: facts.model.name, options: { ...facts.model.options, ...changes } } };

/** Whether the network's maker takes an option. */
export const takes = (facts: NetworkFacts, option: keyof ModelOptions): boolean => facts.accepts.includes(option);
/** The options that the network was made with. */
export const optionsOf = ({ model }: NetworkFacts): ModelOptions => model?.options ?? {};
