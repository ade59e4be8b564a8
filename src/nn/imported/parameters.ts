import type { Graph, Node } from "../../onnx/graph.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { DROPOUT } from "./prepare.ts";

/** The role of a tensor of a file in the network. */
export type TensorUse = "weight" | "bias" | "norm" | "statistic";

/** A tensor that is trained or kept between steps, with the node that uses it first and the last part of its name. */
export interface FoundTensor {
  readonly use: TensorUse;
  readonly node: Node;
  readonly part: string;
}

/** Which inputs of an operator hold tensors that training changes, and PyTorch's names for them. */
const places: Readonly<Record<string, readonly (readonly [index: number, use: TensorUse, part: string])[]>> = {
  BatchNormalization: [
    [1, "norm", "weight"],
    [2, "norm", "bias"],
    [3, "statistic", "running_mean"],
    [4, "statistic", "running_var"],
  ],
  Conv: [
    [1, "weight", "weight"],
    [2, "bias", "bias"],
  ],
  ConvTranspose: [
    [1, "weight", "weight"],
    [2, "bias", "bias"],
  ],
  GRU: [
    [1, "weight", "weight_ih"],
    [2, "weight", "weight_hh"],
    [3, "bias", "bias"],
  ],
  Gather: [[0, "weight", "weight"]],
  Gemm: [
    [0, "weight", "weight"],
    [1, "weight", "weight"],
    [2, "bias", "bias"],
  ],
  GroupNormalization: [
    [1, "norm", "weight"],
    [2, "norm", "bias"],
  ],
  InstanceNormalization: [
    [1, "norm", "weight"],
    [2, "norm", "bias"],
  ],
  LSTM: [
    [1, "weight", "weight_ih"],
    [2, "weight", "weight_hh"],
    [3, "bias", "bias"],
    [7, "weight", "weight_peephole"],
  ],
  LayerNormalization: [
    [1, "norm", "weight"],
    [2, "norm", "bias"],
  ],
  MatMul: [
    [0, "weight", "weight"],
    [1, "weight", "weight"],
  ],
  PRelu: [[1, "bias", "weight"]],
};

/**
 * Vectors that are added or multiplied after a layer belong to it; before the first layer they normalise the images.
 */
const arithmetic: Readonly<Record<string, readonly [use: TensorUse, part: string]>> = {
  Add: ["bias", "bias"],
  Div: ["norm", "scale"],
  Mul: ["norm", "scale"],
  Sub: ["bias", "offset"],
};

/** Operators that only move a weight's elements. */
const movements: ReadonlySet<string> = new Set(["Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"]);

/**
 * The tensors of a graph that training changes, by name, in the order in which the network uses them. They are
 * recognised by where they are used, since a file does not distinguish weights from constants.
 *
 * @param isOwn whether a name is the file's; what normalisation has added, such as a resizing matrix, is not a weight
 */
export function findTensors(graph: Graph, isOwn: (name: string) => boolean): ReadonlyMap<string, FoundTensor> {
  const found = new Map<string, FoundTensor>();
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const behindLayers = new Set<string>();
  const sourceOf = (name: string): string | undefined => {
    if (graph.initializers.has(name)) return isOwn(name) && !name.startsWith(DROPOUT) ? name : undefined;
    const maker = makers.get(name);
    return maker !== undefined && movements.has(maker.op) ? sourceOf(maker.inputs[0]) : undefined;
  };
  const take = (node: Node, name: string | undefined, use: TensorUse, part: string): boolean => {
    const source = name === undefined || name === "" ? undefined : sourceOf(name);
    const held = source === undefined ? undefined : graph.initializers.get(source);
    if (source === undefined || held?.dtype !== "float32") return false;
    if (!found.has(source)) found.set(source, { use, node, part });
    return true;
  };
  for (const node of graph.nodes) {
    if (node.domain !== "") continue;
    const own = (places[node.op] ?? []).map(([index, use, part]) => take(node, node.inputs[index], use, part));
    const isBehind = node.inputs.some((name) => behindLayers.has(name));
    const extra = arithmetic[node.op];
    if (extra !== undefined && isBehind) {
      const vectors = node.inputs.filter((name) => sizeOf((graph.types.get(name)?.shape ?? []).map(Number)) > 1);
      for (const name of vectors) take(node, name, ...extra);
    }
    if (isBehind || own.includes(true)) node.outputs.forEach((output) => behindLayers.add(output));
  }
  return found;
}
