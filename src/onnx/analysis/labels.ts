import type { Graph, Node } from "../graph.ts";

const words: Readonly<Record<string, string>> = {
  Add: "add",
  AveragePool: "average pool",
  BatchNormalization: "batch norm",
  Clip: "clip",
  Concat: "concat",
  ConvTranspose: "transposed conv",
  Gemm: "linear",
  GlobalAveragePool: "global average pool",
  GlobalMaxPool: "global max pool",
  GroupNormalization: "group norm",
  InstanceNormalization: "instance norm",
  LayerNormalization: "layer norm",
  MatMul: "matrix product",
  MaxPool: "max pool",
  Mul: "multiply",
  Pad: "pad",
  Relu: "relu",
  ReduceMean: "mean",
  Sigmoid: "sigmoid",
  Slice: "slice",
  Softmax: "softmax",
};

const ints = (node: Node, name: string): readonly number[] => {
  const attribute = node.attributes.get(name);
  return attribute?.kind === "ints" ? attribute.value.map(Number) : [];
};

/** Equal extents are written once: 3×3 as "3×3", strides [2,2] as "2". */
const along = (values: readonly number[]): string =>
  values.every((value) => value === values[0]) ? String(values[0]) : values.join("×");

const notOne = (values: readonly number[]): boolean => values.some((value) => value !== 1);

/** What a node does, for a reader: "3×3 conv, 64, /2", "batch norm", "linear, 1000". */
export function labelNode(graph: Graph, node: Node): string {
  const word = words[node.op] ?? node.op;
  const weight = graph.initializers.get(node.inputs[1] ?? "")?.shape ?? graph.types.get(node.inputs[1] ?? "")?.shape;
  const written = ints(node, "kernel_shape");
  const kernel = written.length === 0 && node.op === "Conv" && weight ? weight.slice(2).map(Number) : written;
  const strides = ints(node, "strides");
  const dilations = ints(node, "dilations");
  const group = node.attributes.get("group");
  const groups = group?.kind === "int" ? Number(group.value) : 1;
  const isConv = node.op === "Conv" || node.op === "ConvTranspose";
  const channels = graph.types.get(node.outputs[0])?.shape[1];
  // A matrix that all rows meet is a layer's; the product of two batches of matrices has none.
  const isLinear = node.op === "Gemm" || (node.op === "MatMul" && weight?.length === 2);
  const outside = node.op === "MatMul" ? weight?.[1] : channels;
  const width = node.op === "Conv" ? weight?.[0] : isLinear || isConv ? outside : undefined;
  return [
    `${kernel.length > 0 ? `${kernel.join("×")} ` : ""}${node.op === "Conv" ? "conv" : isLinear ? words["Gemm"] : word}`,
    ...(width === undefined ? [] : [String(width)]),
    ...(notOne(strides) ? [`/${along(strides)}`] : []),
    ...(notOne(dilations) ? [`dilation ${along(dilations)}`] : []),
    ...(groups > 1 ? [groups === width ? "depthwise" : `${groups} groups`] : []),
  ].join(", ");
}
