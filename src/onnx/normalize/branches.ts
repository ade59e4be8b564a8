import { knownElements, type Knowledge } from "../fold.ts";
import type { Graph, Node } from "../graph.ts";
import { renameNode } from "./rename.ts";

/** Every graph inside a node. */
const graphsOf = (node: Node): readonly Graph[] =>
  [...node.attributes.values()].flatMap((attribute) => (attribute.kind === "graph" ? [attribute.value] : []));

/** Names in a graph, those of graphs inside its nodes included. */
export function innerNames(graph: Graph): { readonly made: ReadonlySet<string>; readonly used: ReadonlySet<string> } {
  const [made, used] = [new Set<string>(graph.initializers.keys()), new Set<string>()];
  for (const node of graph.nodes) {
    node.outputs.forEach((name) => made.add(name));
    node.inputs.forEach((name) => used.add(name));
    for (const inner of graphsOf(node)) {
      const names = innerNames(inner);
      names.made.forEach((name) => made.add(name));
      names.used.forEach((name) => used.add(name));
      inner.outputs.forEach(({ name }) => used.add(name));
    }
  }
  return { made, used };
}

/** The branch that an If takes, if its condition is known before anything runs. */
export function findBranch(knowledge: Knowledge, node: Node): Graph | undefined {
  const [condition] = knownElements(knowledge, node.inputs[0] ?? "")?.values ?? [];
  if (typeof condition !== "bigint" && typeof condition !== "number") return undefined;
  const branch = node.attributes.get(Number(condition) === 0 ? "else_branch" : "then_branch");
  return branch?.kind === "graph" && branch.value.outputs.length >= node.outputs.length ? branch.value : undefined;
}

/** A branch's contents under names that the graph around it does not have. */
export interface Splice {
  readonly nodes: readonly Node[];
  readonly initializers: Graph["initializers"];
  readonly outputs: readonly string[];
}

/** Renames what a branch makes; what it takes from outside keeps its name. */
export function spliceBranch(branch: Graph, freshName: (stem: string) => string): Splice {
  const own = [...branch.initializers.keys(), ...branch.nodes.flatMap(({ outputs }) => outputs)];
  const names = new Map(own.filter((name) => name !== "").map((name) => [name, freshName(name)]));
  const rename = (name: string): string => names.get(name) ?? name;
  return {
    nodes: branch.nodes.map((node) => renameNode(node, rename)),
    initializers: new Map([...branch.initializers].map(([name, value]) => [rename(name), value])),
    outputs: branch.outputs.map(({ name }) => rename(name)),
  };
}
