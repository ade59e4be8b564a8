import type { Graph, Node } from "../graph.ts";

/** Names such as "Conv_12" or "12" do not say where a node belongs. */
const meaningless = /^(|[A-Za-z]+(_\d+)?|\d+|node .*)$/;

/**
 * Where a node belongs, by its name: "layer1.0.conv1/Conv" (Residua) and "/layer1/layer1.0/conv1/Conv" (PyTorch) both lie in
 * layer1.0.conv1, "model/conv1/Conv2D" (TensorFlow) in model.conv1.
 */
function scopeOfName(name: string): readonly string[] | undefined {
  const parts = name.split("/").filter((part) => part !== "");
  if (parts.length < 2) return undefined;
  const scope: string[] = [];
  for (const part of parts.slice(0, -1)) {
    // PyTorch repeats the path above: layer1, layer1.0, layer1.0.conv1.
    const above = scope.join(".");
    const own = above !== "" && part.startsWith(`${above}.`) ? part.slice(above.length + 1) : part;
    const nested = scope.at(-1);
    const inner = nested !== undefined && own.startsWith(`${nested}.`) ? own.slice(nested.length + 1) : own;
    scope.push(...inner.split(".").filter((piece) => piece !== ""));
  }
  return scope;
}

/** Where a node belongs by its weights' names: "layer1.0.conv1.weight" lies in layer1.0.conv1. */
function scopeOfWeights(graph: Graph, node: Node): readonly string[] | undefined {
  for (const name of node.inputs.slice(1)) {
    if (!graph.initializers.has(name) || !/^[A-Za-z]\w*(\.\w+)+$/.test(name)) continue;
    return name.split(".").slice(0, -1);
  }
  return undefined;
}

/**
 * Every node's path in the tree of modules that made the graph, as far as names tell, from the root down. Undefined if
 * most names say nothing.
 */
export function findScopes(graph: Graph): readonly (readonly string[])[] | undefined {
  const named = graph.nodes.map(({ name }) => (meaningless.test(name) ? undefined : scopeOfName(name)));
  const enough = (list: readonly unknown[]): boolean => {
    const layers = list.filter((_, index) => graph.nodes[index].inputs.some((name) => graph.initializers.has(name)));
    return layers.length > 0 && layers.filter((scope) => scope !== undefined).length * 2 > layers.length;
  };
  if (enough(named)) return named.map((scope) => scope ?? []);
  const weighted = graph.nodes.map((node) => scopeOfWeights(graph, node));
  return enough(weighted) ? weighted.map((scope) => scope ?? []) : undefined;
}
