import type { SparseTensorProto, TensorProto } from "onnx-buf";
import { FormatError } from "../../tensor/errors.ts";
import { quote } from "../../tensor/printable.ts";
import { describeNode, type Graph, type Node } from "../graph.ts";

/** Names of constants with an element type that Residua lacks, which it keeps unchanged. */
function opaqueConstants(graph: Graph): readonly string[] {
  const dense = (graph.rest?.initializer ?? []) as readonly TensorProto[];
  const sparse = (graph.rest?.sparseInitializer ?? []) as readonly SparseTensorProto[];
  return [...dense.map(({ name }) => name), ...sparse.map(({ values }) => values?.name ?? "")];
}

/** Every name that a node uses: its inputs, and what the graphs in its attributes use from outside. */
function usedNames(node: Node): readonly string[] {
  const inner = [...node.attributes.values()].flatMap((attribute) =>
    attribute.kind === "graph" ? [...freeNames(attribute.value)] : [],
  );
  return [...node.inputs.filter((name) => name !== ""), ...inner];
}

/** Names that a graph uses and does not make. */
function freeNames(graph: Graph): ReadonlySet<string> {
  const made = new Set([...sourceNames(graph), ...graph.nodes.flatMap((node) => node.outputs)]);
  const used = [...graph.nodes.flatMap(usedNames), ...graph.outputs.map((output) => output.name)];
  return new Set(used.filter((name) => !made.has(name)));
}

/** Names that exist before any node runs. */
function sourceNames(graph: Graph): readonly string[] {
  return [...graph.inputs.map((input) => input.name), ...graph.initializers.keys(), ...opaqueConstants(graph)];
}

function requireDistinct(where: string, what: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (name === "") throw new FormatError(where, `${what} has no name`);
    if (seen.has(name)) throw new FormatError(where, `there are two ${what}s named ${quote(name)}`);
    seen.add(name);
  }
}

/** The node that makes each value. @throws {FormatError} if a value is made twice */
function findMakers(where: string, graph: Graph): ReadonlyMap<string, number> {
  const sources = new Set(sourceNames(graph));
  const makers = new Map<string, number>();
  graph.nodes.forEach((node, index) => {
    for (const name of node.outputs) {
      if (name === "") continue;
      const other = makers.get(name);
      if (other !== undefined || sources.has(name)) {
        const first = other === undefined ? "an input or initializer" : `node ${describeNode(graph.nodes[other])}`;
        throw new FormatError(
          where,
          `the value ${quote(name)} is made twice: by ${first} and by node ${describeNode(node)}`,
        );
      }
      makers.set(name, index);
    }
  });
  return makers;
}

/** Walks back from a node that waits forever until a node is met again: that one waits for itself. */
function findCycle(waiting: readonly (readonly number[])[], done: readonly boolean[], start: number): number {
  const seen = new Set<number>();
  let at = start;
  while (!seen.has(at)) {
    seen.add(at);
    at = waiting[at].find((index) => !done[index]) ?? at;
  }
  return at;
}

/** Indices of the nodes so that each comes after those it waits for; the earliest possible in the given order first. */
function sortNodes(where: string, graph: Graph, waiting: readonly (readonly number[])[]): readonly number[] {
  const followers = waiting.map((): number[] => []);
  const missing = waiting.map((before) => before.length);
  waiting.forEach((before, index) => before.forEach((earlier) => followers[earlier].push(index)));
  const order = missing.flatMap((count, index) => (count === 0 ? [index] : []));
  for (let at = 0; at < order.length; at++) {
    for (const follower of followers[order[at]]) if (--missing[follower] === 0) order.push(follower);
  }
  if (order.length === graph.nodes.length) return order;
  const done = missing.map((count) => count === 0);
  const node = graph.nodes[findCycle(waiting, done, done.indexOf(false))];
  throw new FormatError(where, `the graph has a cycle: node ${describeNode(node)} needs its own result`);
}

/**
 * Moves nodes after those they depend on; a sorted graph stays as it is.
 *
 * @param enclosed whether the graph may use values of an enclosing graph
 * @throws {FormatError} if names clash or are missing, or the graph has a cycle
 */
export function orderGraph(where: string, graph: Graph, enclosed: boolean): Graph {
  requireDistinct(
    where,
    "input",
    graph.inputs.map((input) => input.name),
  );
  requireDistinct(where, "initializer", [...graph.initializers.keys(), ...opaqueConstants(graph)]);
  requireDistinct(
    where,
    "output",
    graph.outputs.map((output) => output.name),
  );
  const makers = findMakers(where, graph);
  const sources = new Set(sourceNames(graph));
  const unknown = (name: string): boolean => !enclosed && !makers.has(name) && !sources.has(name);
  const waiting = graph.nodes.map((node) => {
    const names = usedNames(node);
    const missing = names.find(unknown);
    if (missing === undefined) return names.flatMap((name) => makers.get(name) ?? []);
    throw new FormatError(where, `node ${describeNode(node)} uses ${quote(missing)}, which nothing makes`);
  });
  const missing = graph.outputs.find(({ name }) => unknown(name));
  if (missing) throw new FormatError(where, `the output ${quote(missing.name)} is made by nothing`);
  if (waiting.every((before, index) => before.every((earlier) => earlier < index))) return graph;
  return { ...graph, nodes: sortNodes(where, graph, waiting).map((index) => graph.nodes[index]) };
}
