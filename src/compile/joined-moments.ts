import { type GraphBuilder, shapeOf } from "../onnx/builder.ts";
import type { Value } from "../onnx/graph.ts";

/** The mean and biased variance of each channel, `[C]`. */
export interface Moments {
  readonly mean: Value;
  readonly variance: Value;
}

/** Vectors `[C]` of all ranks, in one exchange: `[ranks, C]` each. */
function gatherVectors(g: GraphBuilder, vectors: readonly Value[], ranks: number): readonly Value[] {
  const lengths = vectors.map((vector) => shapeOf(vector)[0]);
  const all = g.op("GatherRanks", [g.op("Concat", vectors, { axis: 0 })], { ranks });
  return g.ops("Split", [all, g.ints(lengths)], vectors.length, { axis: 1 });
}

const meanOverRanks = (g: GraphBuilder, all: Value): Value => g.op("ReduceMean", [all, g.ints([0])], { keepdims: 0 });

/**
 * The moments of equally many values on each rank taken together: mean E[mₖ], variance E[vₖ] + E[(mₖ − E[m])²], which
 * has no large parts that cancel.
 *
 * @param ranks the moments as they are if left out
 * @source Chan, Golub and LeVeque 1979, "Updating formulae and a pairwise algorithm for computing sample variances"
 */
export function joinMoments(g: GraphBuilder, { mean, variance }: Moments, ranks: number | undefined): Moments {
  if (ranks === undefined) return { mean, variance };
  const [means, variances] = gatherVectors(g, [mean, variance], ranks);
  const joined = meanOverRanks(g, means);
  const apart = g.op("Sub", [means, joined]);
  const between = meanOverRanks(g, g.op("Mul", [apart, apart]));
  return { mean: joined, variance: g.op("Add", [meanOverRanks(g, variances), between]) };
}

/** Means of vectors `[C]` over the ranks. @param ranks the vectors as they are if left out */
export function joinMeans(g: GraphBuilder, vectors: readonly Value[], ranks: number | undefined): readonly Value[] {
  return ranks === undefined ? vectors : gatherVectors(g, vectors, ranks).map((all) => meanOverRanks(g, all));
}
