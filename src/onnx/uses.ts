import type { Graph } from "./graph.ts";

/** How many inputs of nodes, and outputs of the graph, take each value. */
export function countUses(graph: Graph): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  for (const name of [...graph.nodes.flatMap((node) => node.inputs), ...graph.outputs.map((output) => output.name)]) {
    uses.set(name, (uses.get(name) ?? 0) + 1);
  }
  return uses;
}
