import { type Probability, requireProbability } from "./sample.ts";

/** How the p values of several tests are adjusted so that each can be compared with the same level. */
export type Correction = "bonferroni" | "holm" | "benjamini-hochberg";

/**
 * Adjusted p values, in the order given. Bonferroni and Holm bound the probability of any false finding (Holm never
 * finds fewer), Benjamini and Hochberg the expected share of false ones among the findings.
 *
 * @throws {OptionError} if a p value is not in [0, 1]
 * @source Dunn 1961; Holm 1979; Benjamini and Hochberg 1995
 */
export function correctPValues(pValues: readonly Probability[], correction: Correction): readonly Probability[] {
  for (const p of pValues) requireProbability("p value", p);
  const count = pValues.length;
  if (correction === "bonferroni") return pValues.map((p) => Math.min(1, p * count));
  const order = pValues.map((_, index) => index).toSorted((i, j) => pValues[i] - pValues[j]);
  const adjusted: Probability[] = pValues.map(() => 0);
  if (correction === "holm") {
    let largest = 0;
    order.forEach((index, rank) => {
      largest = Math.max(largest, Math.min(1, pValues[index] * (count - rank)));
      adjusted[index] = largest;
    });
    return adjusted;
  }
  let smallest = 1;
  for (let rank = count; rank >= 1; rank--) {
    const index = order[rank - 1];
    smallest = Math.min(smallest, (pValues[index] * count) / rank);
    adjusted[index] = smallest;
  }
  return adjusted;
}
