import type { Attribute, Graph, Node } from "../graph.ts";

/** Renames what a graph inside a node takes from outside; its own names hide those outside. */
function renameFree(graph: Graph, rename: (name: string) => string): Graph {
  const own = new Set([
    ...graph.inputs.map(({ name }) => name),
    ...graph.initializers.keys(),
    ...graph.nodes.flatMap(({ outputs }) => outputs),
  ]);
  const outer = (name: string): string => (own.has(name) ? name : rename(name));
  return {
    ...graph,
    nodes: graph.nodes.map((node) => renameNode(node, outer)),
    outputs: graph.outputs.map((output) => ({ ...output, name: outer(output.name) })),
  };
}

/** A node whose inputs and outputs have other names, also where graphs inside it use them. */
export function renameNode(node: Node, rename: (name: string) => string): Node {
  const renamed = (name: string): string => (name === "" ? "" : rename(name));
  const attributes = new Map(
    [...node.attributes].map(([name, attribute]): [string, Attribute] => [
      name,
      attribute.kind === "graph" ? { ...attribute, value: renameFree(attribute.value, rename) } : attribute,
    ]),
  );
  return { ...node, inputs: node.inputs.map(renamed), outputs: node.outputs.map(renamed), attributes };
}
