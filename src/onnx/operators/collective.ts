import { RESIDUA_DOMAIN } from "../graph.ts";
import type { OperatorTable } from "./definition.ts";

/** Exchanges among processes that run the same graph, each on its own data. No runtime has them: a graph is cut there. */
export interface CollectiveOperators {
  /** `(x) → y [ranks, …x]`: the values of all ranks, in rank order */
  readonly GatherRanks: { readonly ranks: number };
}

export const collectiveOperators: OperatorTable<CollectiveOperators> = {
  GatherRanks: {
    domain: RESIDUA_DOMAIN,
    name: "GatherRanks",
    attributes: { ranks: "int" },
    infer: (call) => {
      const { dtype, shape } = call.input(0);
      return [{ dtype, shape: [call.attributes.ranks, ...shape] }];
    },
  },
};
