import { bytesPerElement } from "../../tensor/dtype.ts";
import { sizeOf, type Shape } from "../../tensor/shape.ts";
import type { Graph, Node, TensorType } from "../graph.ts";
import type { DataFlow } from "./data-flow.ts";

/** The extents of a value if all are known. */
export function knownShape(graph: Graph, name: string | undefined): Shape | undefined {
  const shape = graph.initializers.get(name ?? "")?.shape ?? graph.types.get(name ?? "")?.shape;
  return shape?.every((extent) => typeof extent === "number") ? shape : undefined;
}

/** Multiply-adds of one node, from the shapes of its inputs and outputs; undefined if these are not known. */
export function nodeMultiplyAdds(graph: Graph, node: Node): number | undefined {
  const output = knownShape(graph, node.outputs[0]);
  const input = knownShape(graph, node.inputs[0]);
  const weight = knownShape(graph, node.inputs[1]);
  const count = (compute: (output: Shape, input: Shape, weight: Shape) => number): number | undefined =>
    output && input && weight && compute(output, input, weight);
  if (node.op === "Conv") return count((y, _, w) => sizeOf(y) * sizeOf(w.slice(1)));
  if (node.op === "ConvTranspose") return count((_, x, w) => sizeOf(x) * sizeOf(w.slice(1)));
  if (node.op === "Gemm") {
    const transposed = node.attributes.get("transA");
    const inner = transposed?.kind === "int" && Number(transposed.value) === 1 ? 0 : 1;
    return count((y, x) => sizeOf(y) * x[inner]);
  }
  if (node.op === "MatMul") return count((y, x) => sizeOf(y) * x.at(-1)!);
  return recurrentMultiplyAdds(graph, node);
}

/** Gates of each recurrent operator: W and R hold one matrix per gate. */
const recurrent: ReadonlySet<string> = new Set(["GRU", "LSTM", "RNN"]);

/** A recurrence multiplies by W [directions, gates·hidden, in] and R [directions, gates·hidden, hidden] at every step. */
function recurrentMultiplyAdds(graph: Graph, node: Node): number | undefined {
  if (!recurrent.has(node.op)) return 0;
  const [x, w, r] = node.inputs.slice(0, 3).map((name) => knownShape(graph, name));
  return x && w && r && x[0] * x[1] * (sizeOf(w) + sizeOf(r));
}

/** Operators whose constant inputs are all learned, except for those named. */
const learnedInputs: ReadonlyMap<string, readonly number[]> = new Map([
  ["BatchNormalization", [1, 2]],
  ["BatchNormTraining", [1, 2]],
  ["Conv", [1, 2]],
  ["ConvTranspose", [1, 2]],
  ["GRU", [1, 2, 3]],
  ["Gemm", [1, 2]],
  ["GroupNormalization", [1, 2]],
  ["InstanceNormalization", [1, 2]],
  ["LSTM", [1, 2, 3]],
  ["LayerNormalization", [1, 2]],
  ["PRelu", [1]],
  ["RNN", [1, 2, 3]],
]);
/** Here a constant may be learned; one with a single element (an epsilon, a scale) does not count as learned. */
const arithmetic: ReadonlySet<string> = new Set(["Add", "MatMul", "Mul", "Sub"]);

/** Operators that only move a weight's elements. */
const movements: ReadonlySet<string> = new Set(["Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"]);

/** From the name of a value to that of the initializer whose elements it is, moved or not; to itself if there is none. */
export type ConstantSource = (name: string) => string;

/** Follows constants back to their initializers. */
export function traceConstants(graph: Graph): ConstantSource {
  const sources = new Map<string, string>();
  for (const { op, inputs, outputs } of graph.nodes) {
    const source = sources.get(inputs[0]) ?? inputs[0];
    if (movements.has(op) && graph.initializers.has(source)) sources.set(outputs[0], source);
  }
  return (name) => sources.get(name) ?? name;
}

/**
 * The parameters that a node uses, by name: weights, biases, scales and shifts; not running statistics.
 * @param learned the names that may count, if others are constants added by rewriting
 */
export function nodeParameters(
  graph: Graph,
  node: Node,
  { sourceOf, learned }: { readonly sourceOf: ConstantSource; readonly learned?: ReadonlySet<string> | undefined },
): readonly string[] {
  const known = learnedInputs.get(node.op);
  const isArithmetic = arithmetic.has(node.op);
  return node.inputs.map(sourceOf).filter((name, index) => {
    const value = graph.initializers.get(name);
    if (value === undefined || !/^(b?float|double)/.test(value.dtype)) return false;
    if (learned !== undefined && !learned.has(name)) return false;
    return known?.includes(index) ?? (isArithmetic && sizeOf(value.shape) > 1);
  });
}

/** Bytes of a value; undefined if its extents are not known. */
function bytesOfValue(graph: Graph, name: string): number | undefined {
  const type: TensorType | undefined = graph.types.get(name);
  const shape = knownShape(graph, name);
  return type && shape && sizeOf(shape) * bytesPerElement(type.dtype);
}

/** Memory taken by a network's values, without weights. */
export interface ActivationMemory {
  /** All values that it computes: roughly what a training step keeps for its backward pass. */
  readonly sum: number;
  /** The most that is needed at once when it runs node by node and frees values after their last use. */
  readonly peak: number;
}

/** @returns undefined if the extents of a value are not known */
export function measureActivations(flow: DataFlow): ActivationMemory | undefined {
  const { graph } = flow;
  const last = new Map<string, number>();
  graph.nodes.forEach((node, index) => node.inputs.forEach((name) => last.set(name, index)));
  for (const { name } of graph.outputs) last.set(name, graph.nodes.length);
  const inputs = graph.inputs.filter(({ name }) => flow.maker(name) !== undefined);
  const sizes = new Map<string, number>();
  const names = [
    ...inputs.map(({ name }) => name),
    ...graph.nodes.flatMap((node) => node.outputs.filter((name) => flow.maker(name) !== undefined)),
  ];
  for (const name of names) {
    const size = bytesOfValue(graph, name);
    if (size === undefined) return undefined;
    sizes.set(name, size);
  }
  let live = inputs.reduce((total, { name }) => total + sizes.get(name)!, 0);
  let peak = live;
  let sum = 0;
  graph.nodes.forEach((node, index) => {
    const made = node.outputs.filter((name) => sizes.has(name));
    for (const name of made) live += sizes.get(name)!;
    sum += made.reduce((total, name) => total + sizes.get(name)!, 0);
    peak = Math.max(peak, live);
    for (const name of new Set([...node.inputs, ...made])) {
      if (sizes.has(name) && (last.get(name) ?? index) === index) live -= sizes.get(name)!;
    }
  });
  return { sum, peak };
}

/** Bytes of a node's outputs; undefined if their extents are not known. */
export function outputBytes(graph: Graph, node: Node): number | undefined {
  const sizes = node.outputs.filter((name) => name !== "").map((name) => bytesOfValue(graph, name));
  return sizes.includes(undefined) ? undefined : (sizes as number[]).reduce((a, b) => a + b, 0);
}
