import type { Graph, Node, TensorType, Value } from "../onnx/graph.ts";
import { findOperator } from "../onnx/operators/index.ts";
import { staticShape, type Shape, sizeOf } from "../tensor/shape.ts";
import { typesOf } from "./blocked/storage.ts";

/** What ranks exchange: each its own value, from which all get `[ranks, …shape]`. */
export interface Gather {
  /** The value of this rank: an output of the stage before. */
  readonly source: string;
  /** The values of all ranks: an input of later stages. */
  readonly result: string;
  /** The shape of the source. */
  readonly shape: Shape;
}

/** A part of a graph that a rank runs by itself, and what the ranks exchange after it. */
export interface Stage {
  /** Takes inputs of the whole graph, results of exchanges, and outputs of earlier stages, all under their names. */
  readonly graph: Graph;
  readonly gathers: readonly Gather[];
}

const isGather = (node: Node): boolean => findOperator(node.domain, node.op) === "GatherRanks";

/**
 * Cuts a graph at its `GatherRanks` into stages that are run in order. A node is in the stage of the last exchange that
 * it depends on, or in a later one if that is where its result is first needed and waiting hands on no more.
 */
export function cutAtGathers(graph: Graph): readonly Stage[] {
  const types = typesOf(graph);
  const levels = delayNodes(graph, types, earliestLevels(graph));
  const count = Math.max(0, ...levels.values()) + 1;
  const nodes = Array.from({ length: count }, (): Node[] => []);
  const made = new Map<string, number>();
  const lastUses = new Map<string, number>();
  // In the graph's order.
  for (const node of graph.nodes) {
    const level = levels.get(node);
    if (level === undefined) continue;
    nodes[level].push(node);
    for (const output of node.outputs) made.set(output, level);
    for (const input of node.inputs) lastUses.set(input, Math.max(level, lastUses.get(input) ?? 0));
  }
  const gathers = graph.nodes.filter(isGather);
  const sources = new Set(gathers.map(({ inputs: [source] }) => source));
  const results = new Set(graph.outputs.map(({ name }) => name));
  const isHandedOn = (name: string): boolean =>
    !results.has(name) && (sources.has(name) || (lastUses.get(name) ?? 0) > (made.get(name) ?? 0));
  return nodes.map((own, level) => ({
    graph: buildStage(graph, types, { name: `${graph.name} ${level}`, nodes: own, isHandedOn }),
    gathers: gathers
      .filter(({ inputs: [source] }) => (made.get(source) ?? 0) === level)
      .map(({ inputs: [source], outputs: [result] }) => ({
        source,
        result,
        shape: staticShape(source, types.get(source)!.shape),
      })),
  }));
}

/** Some nodes of a graph as a graph of their own. */
function buildStage(
  { initializers, outputs }: Graph,
  types: ReadonlyMap<string, TensorType>,
  stage: Pick<Graph, "name" | "nodes"> & { readonly isHandedOn: (name: string) => boolean },
): Graph {
  const { name, nodes, isHandedOn } = stage;
  const made = new Set(nodes.flatMap((node) => node.outputs).filter((each) => each !== ""));
  const used = new Set(nodes.flatMap((node) => node.inputs).filter((each) => each !== "" && !made.has(each)));
  const valueOf = (each: string): Value => ({ name: each, ...types.get(each)! });
  const held = [...used].flatMap((each) => {
    const value = initializers.get(each);
    return value === undefined ? [] : [[each, value] as const];
  });
  return {
    name,
    inputs: [...used].filter((each) => !initializers.has(each)).map(valueOf),
    outputs: [...outputs.filter((output) => made.has(output.name)), ...[...made].filter(isHandedOn).map(valueOf)],
    nodes,
    initializers: new Map(held),
    types: new Map([...made, ...used].flatMap((each) => (types.has(each) ? [[each, types.get(each)!] as const] : []))),
  };
}

/** For every node but the exchanges: how many exchanges lie on the longest way to it. */
function earliestLevels({ nodes }: Graph): ReadonlyMap<Node, number> {
  const reached = new Map<string, number>();
  const levels = new Map<Node, number>();
  for (const node of nodes) {
    const level = Math.max(0, ...node.inputs.map((input) => reached.get(input) ?? 0));
    const after = isGather(node) ? level + 1 : level;
    for (const output of node.outputs) reached.set(output, after);
    if (!isGather(node)) levels.set(node, level);
  }
  return levels;
}

/**
 * Moves nodes to where their results are first needed, if their inputs that would have to be handed on so far for that
 * are no larger than the results that would be now: a relu's mask is computed behind its activation, which is there anyway.
 */
function delayNodes(
  graph: Graph,
  types: ReadonlyMap<string, TensorType>,
  earliest: ReadonlyMap<Node, number>,
): ReadonlyMap<Node, number> {
  const levels = new Map(earliest);
  const computed = new Set(graph.nodes.flatMap((node) => node.outputs));
  const [firstUses, lastUses] = [new Map<string, number>(), new Map<string, number>()];
  const use = (name: string, level: number): void => {
    firstUses.set(name, Math.min(level, firstUses.get(name) ?? level));
    lastUses.set(name, Math.max(level, lastUses.get(name) ?? level));
  };
  const elements = (names: Iterable<string>): number =>
    Array.from(names, (name) => sizeOf(staticShape(name, types.get(name)!.shape))).reduce((a, b) => a + b, 0);
  // Whoever takes these expects them as early as can be.
  for (const { name } of graph.outputs) use(name, 0);
  for (const node of graph.nodes.toReversed()) {
    const early = earliest.get(node);
    if (early === undefined) use(node.inputs[0], 0);
    else {
      const outputs = node.outputs.filter((name) => firstUses.has(name));
      const late = Math.min(...outputs.map((name) => firstUses.get(name)!));
      const inputs = new Set(node.inputs.filter((name) => computed.has(name)));
      const held = [...inputs].filter((name) => (lastUses.get(name) ?? 0) < late);
      const level = late > early && elements(held) <= elements(outputs) ? late : early;
      levels.set(node, level);
      for (const input of inputs) use(input, level);
    }
  }
  return levels;
}
