import type { Graph, Node } from "../graph.ts";

/** All nodes, those of graphs inside nodes included. */
function allNodes(graph: Graph): readonly Node[] {
  return graph.nodes.flatMap((node) => {
    const graphs = [...node.attributes.values()].filter((attribute) => attribute.kind === "graph");
    return [node, ...graphs.flatMap((attribute) => allNodes(attribute.value))];
  });
}

const canonical = (domain: string): string => (domain === "ai.onnx" ? "" : domain);

/** Nodes whose domain is not among the operator sets that the model imports. */
export function nodesWithoutOpset(graph: Graph, opsets: ReadonlyMap<string, number>): readonly Node[] {
  const known = new Set([...opsets.keys()].map(canonical));
  return allNodes(graph).filter((node) => !known.has(canonical(node.domain)));
}
