import { skipColors } from "../../../lab/network/architecture.ts";
import { type ChainRow, costsOf, layOutChain } from "../../../lab/network/chain.ts";
import { nameKind } from "../../../lab/shortcut-words.ts";
import type { DescribableGraph } from "../../../networks/describe.ts";
import { nameShortcut } from "../../../onnx/analysis/describe-graph.ts";
import type { GraphShortcut } from "../../../onnx/analysis/shortcuts.ts";
import { UnsupportedError } from "../../../tensor/errors.ts";
import type { NetworkView, ViewRow, ViewSkip, ViewStage } from "./describe-job.ts";

/** More rows than this are no picture. */
const mostRows = 3000;
/** Fewer layers than this, one after the other, are not put together. */
const leastStage = 3;

const toSkip = (shortcut: GraphShortcut): ViewSkip => ({
  name: nameKind(nameShortcut(shortcut)),
  color: skipColors[shortcut.kind],
  detail: shortcut.detail,
  join: shortcut.join,
});

/** What rows of one stage have in common: a ResNet's blocks give equal shapes, a DenseNet's equal extents. */
function stageOf({ shape, skip }: ViewRow): string {
  if (skip === undefined) return `layers ${shape}`;
  return skip.join === "add" ? `blocks ${shape}` : `joined ${shape.split("×").slice(1).join("×")}`;
}

/** Rows one after the other that belong together. */
function toStages(rows: readonly ViewRow[]): readonly ViewStage[] {
  const stages: ViewRow[][] = [];
  for (const row of rows) {
    const last = stages.at(-1);
    if (last !== undefined && stageOf(last[0]) === stageOf(row)) last.push(row);
    else stages.push([row]);
  }
  return stages.flatMap((stage): readonly ViewStage[] =>
    stage.length < (stage[0].skip === undefined ? leastStage : 2)
      ? stage.map((row) => ({ rows: [row] }))
      : [{ rows: stage }],
  );
}

/** The row that a node lies in or comes after. */
const rowAt = (rows: readonly ChainRow[], node: number): number =>
  Math.max(
    0,
    rows.findLastIndex(({ first }) => first <= node),
  );

function countKinds(shortcuts: readonly GraphShortcut[]): NetworkView["kinds"] {
  const names = [...new Set(shortcuts.map(nameShortcut))];
  return names.map((name) => {
    const own = shortcuts.filter((one) => nameShortcut(one) === name);
    return { name: nameKind(name), color: skipColors[own[0].kind], count: own.length };
  });
}

/**
 * A network as a chain of layers and blocks with their shortcuts and costs.
 *
 * @param where the network's name, for errors
 * @throws {UnsupportedError} if it has more than 3000 layers and blocks
 */
export function viewGraph(
  { graph, learned }: DescribableGraph,
  where: string,
): Pick<NetworkView, "stages" | "kinds" | "parameters" | "multiplyAdds"> {
  const { rows, shortcuts, long } = layOutChain(graph);
  if (rows.length > mostRows)
    throw new UnsupportedError(where, `has ${rows.length} layers and blocks; at most ${mostRows} are shown`);
  const costs = costsOf(graph, rows, learned);
  const ending = new Map<number, (ViewSkip & { readonly from: string })[]>();
  for (const one of long) {
    const to = rowAt(rows, one.at);
    const from = one.fork < 0 ? (graph.inputs[0]?.name ?? "") : (rows[rowAt(rows, one.fork)]?.label ?? "");
    ending.set(to, [...(ending.get(to) ?? []), { ...toSkip(one), from }]);
  }
  const shown = rows.map(({ label, boxes, shape, shortcut }, place): ViewRow => {
    const skip = shortcut === undefined ? {} : { skip: toSkip(shortcut) };
    return { label, boxes, shape, ...skip, long: ending.get(place) ?? [], ...costs[place] };
  });
  const works = costs.map(({ multiplyAdds }) => multiplyAdds);
  return {
    stages: toStages(shown),
    kinds: countKinds(shortcuts),
    parameters: costs.reduce((sum, { parameters }) => sum + parameters, 0),
    ...(works.includes(undefined) ? {} : { multiplyAdds: works.reduce<number>((sum, work) => sum + work!, 0) }),
  };
}
