import type { Advice, AdviceKind } from "./advice.ts";
import { activationOrder, layerScale, stochasticDepth, stridePlace, withoutNorm, zeroInit } from "./block-rules.ts";
import type { NetworkFacts } from "./facts.ts";
import type { Rule } from "./rule.ts";
import {
  costOfC,
  disturbedIdentity,
  identityAtChange,
  noShortcut,
  shortcutSubsampling,
  wastedProjection,
} from "./shortcut-rules.ts";

/** Of equal urgency the earlier is said first. */
const adviceRules: readonly Rule[] = [
  noShortcut,
  wastedProjection,
  identityAtChange,
  shortcutSubsampling,
  activationOrder,
  zeroInit,
  layerScale,
  withoutNorm,
  stridePlace,
  disturbedIdentity,
  stochasticDepth,
  costOfC,
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
