import adjust from "@stdlib/stats-padjust";
import { type Probability, requireProbability } from "./sample.ts";

/** How the p values of several tests are adjusted so that each can be compared with the same level. */
export type Correction = "bonferroni" | "holm" | "benjamini-hochberg";

const methods = { bonferroni: "bonferroni", holm: "holm", "benjamini-hochberg": "bh" } as const;

/**
 * Adjusted p values, in the order given. Bonferroni and Holm bound the probability of any false finding (Holm never
 * finds fewer), Benjamini and Hochberg the expected share of false ones among the findings.
 *
 * @throws {OptionError} if a p value is not in [0, 1]
 * @source Dunn 1961; Holm 1979; Benjamini and Hochberg 1995
 */
export function correctPValues(pValues: readonly Probability[], correction: Correction): readonly Probability[] {
  for (const p of pValues) requireProbability("p value", p);
  // stdlib refuses an empty list, and Bonferroni's adjustment is written into the list that it is given.
  return pValues.length === 0 ? [] : adjust([...pValues], methods[correction]);
}
