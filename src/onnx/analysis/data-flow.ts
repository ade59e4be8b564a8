import type { Graph, Node } from "../graph.ts";

/** The part of a graph that depends on its inputs: nodes by position, without constants. */
export interface DataFlow {
  readonly graph: Graph;
  /**
   * For every node, the positions of the nodes that make its data inputs, repeated as often as it takes them; −1 for
   * the graph's inputs.
   */
  readonly sources: readonly (readonly number[])[];
  /** As `sources`, but without what only opens and closes a gate: the gated value comes from elsewhere. */
  readonly carriers: readonly (readonly number[])[];
  /** The data inputs of a node in order. */
  dataInputs(node: Node): readonly string[];
  /** The position of the node that makes a value; −1 for an input of the graph, undefined for a constant. */
  maker(value: string): number | undefined;
}

/** A tensor's extents do not depend on its elements. */
const shapeOnly: ReadonlySet<string> = new Set(["Shape", "Size"]);

/** Follows a graph's data from its inputs. Nodes must be in topological order, as decoding leaves them. */
export function traceDataFlow(graph: Graph): DataFlow {
  const makers = new Map<string, number>();
  for (const { name } of graph.inputs) if (!graph.initializers.has(name)) makers.set(name, -1);
  const isData = (name: string): boolean => name !== "" && makers.has(name);
  const sources = graph.nodes.map((node, index) => {
    const found = shapeOnly.has(node.op) ? [] : node.inputs.filter(isData).map((name) => makers.get(name)!);
    if (found.length > 0) for (const name of node.outputs) if (name !== "") makers.set(name, index);
    return found;
  });
  const isGate = (index: number): boolean => leadsToGate(graph, sources, index);
  const carriers = graph.nodes.map((node, index) => {
    const all = sources[index];
    if (node.op !== "Mul" || all.length < 2) return all;
    const carried = all.filter((source) => !isGate(source));
    return carried.length > 0 ? carried : all;
  });
  return {
    graph,
    sources,
    carriers,
    dataInputs: (node) => node.inputs.filter(isData),
    maker: (value) => makers.get(value),
  };
}

const gates: ReadonlySet<string> = new Set(["HardSigmoid", "Sigmoid"]);
/** What may lie between a gate's sigmoid and its multiplication: 1 − g, and rearrangements. */
const passing: ReadonlySet<string> = new Set([
  "Expand",
  "MatMul",
  "Reshape",
  "Resize",
  "Squeeze",
  "Sub",
  "Transpose",
  "Unsqueeze",
]);
const LONGEST_GATE = 6;

/** Whether the output of a node is a gate: a sigmoid, perhaps rearranged. */
function leadsToGate(graph: Graph, sources: DataFlow["sources"], start: number): boolean {
  let index = start;
  for (let step = 0; step < LONGEST_GATE && index >= 0; step++) {
    const { op } = graph.nodes[index];
    if (gates.has(op)) return true;
    if (!passing.has(op) || sources[index].length !== 1) return false;
    [index] = sources[index];
  }
  return false;
}

const layers: ReadonlySet<string> = new Set([
  "Attention",
  "Conv",
  "ConvInteger",
  "ConvTranspose",
  "DeformConv",
  "Einsum",
  "FusedConv",
  "FusedMatMul",
  "GRU",
  "Gemm",
  "LSTM",
  "MatMul",
  "MatMulInteger",
  "QLinearConv",
  "QLinearMatMul",
  "RNN",
]);

/**
 * Whether a node is a layer, in the sense in which papers count a network's depth: a convolution, a matrix product or a
 * recurrence.
 */
export function isLayer(node: Node): boolean {
  return layers.has(node.op);
}
