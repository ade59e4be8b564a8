import { layOutChain, parametersOfRows } from "../../../lab/network/chain.ts";
import type { DescribableGraph } from "../../../networks/describe.ts";
import type { NetworkFile } from "../../../networks/file.ts";
import type { Words } from "../../../report/words.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { alignChains, type Place, viewPair } from "./align.ts";
import { addDistances, measureDistance, relativeDistance, type WeightDistance } from "./compare-weights.ts";
import type { Comparison, NetworkView } from "./describe-job.ts";

/** A network that is compared. */
export interface Compared {
  readonly view: NetworkView;
  readonly prepared: DescribableGraph;
  /** The file that it came out of; a network by its name has no weights. */
  readonly network?: NetworkFile;
}

const isFolded = ({ network }: Compared): boolean => network?.kind === "graph" && network.folded;

/** Why weights cannot be compared, whatever they are. */
function refuseWeights(first: Compared, second: Compared): Words | undefined {
  if (first.network === undefined || second.network === undefined)
    return {
      en: "A network by its name has no weights of its own; give two files to compare those.",
      zh: "按名称选择的网络没有自己的权重；要比较权重，请给出两个文件。",
    };
  if (isFolded(first) !== isFolded(second))
    return {
      en: "Weights cannot be compared: the batch norms of one are folded into its convolutions, the other's are not.",
      zh: "无法比较权重：一个网络的批归一化已并入卷积，另一个没有。",
    };
  return undefined;
}

/** The weights of each row, in the order in which they are used. */
function weightsOf({ prepared: { graph, learned }, network }: Compared): readonly (readonly Tensor[])[] {
  const held: ReadonlyMap<string, Tensor> = network?.kind === "network" ? network.state : graph.initializers;
  return parametersOfRows(graph, layOutChain(graph).rows, learned).map((names) =>
    names.flatMap((name) => held.get(name) ?? []),
  );
}

/** Two networks, place by place: what differs, and how far the weights lie apart. */
export function compareNetworks(first: Compared, second: Compared): Omit<Comparison, "shortcuts" | "signature"> {
  const rowsOf = ({ view }: Compared) => view.stages.flatMap(({ rows }) => rows);
  const { by, pairs } = alignChains(rowsOf(first), rowsOf(second));
  const refused = refuseWeights(first, second);
  const [ours, theirs] = refused === undefined ? [weightsOf(first), weightsOf(second)] : [[], []];
  const distances = pairs.map(({ first: own, second: other }): WeightDistance | undefined => {
    if (refused !== undefined || own === undefined || other === undefined) return undefined;
    const take = (weights: readonly (readonly Tensor[])[], { rows }: Place) => rows.flatMap((at) => weights[at]);
    return measureDistance(take(ours, own), take(theirs, other));
  });
  const known = distances.filter((one) => one !== undefined);
  const none: Words = {
    en: "Weights cannot be compared: no place of the one has weights of the same shapes as its counterpart.",
    zh: "无法比较权重：没有任何位置与其对应位置的权重形状相同。",
  };
  return {
    second: second.view,
    by,
    pairs: pairs.map(({ first: own, second: other }, at) => {
      const distance = distances[at];
      return viewPair(own?.row, other?.row, distance === undefined ? undefined : relativeDistance(distance));
    }),
    moved:
      refused !== undefined || known.length === 0
        ? { why: refused ?? none }
        : { whole: relativeDistance(known.reduce(addDistances)), isFolded: isFolded(first) },
  };
}
