import type { Graph, Node } from "../graph.ts";
import { type DataFlow, isLayer } from "./data-flow.ts";
import { labelNode } from "./labels.ts";

/** The kind of a shortcut, by what lies on it. */
export type SkipKind =
  | "identity"
  | "padded identity"
  | "partial identity"
  | "other channels"
  | "subsampled identity"
  | "pooled identity"
  | "resized identity"
  | "normalised identity"
  | "scaled"
  | "gated"
  | "projection"
  | "convolution"
  | "other";

/** All kinds, the simplest first. */
export const skipKinds: readonly SkipKind[] = [
  "identity",
  "padded identity",
  "partial identity",
  "other channels",
  "subsampled identity",
  "pooled identity",
  "resized identity",
  "normalised identity",
  "scaled",
  "gated",
  "projection",
  "convolution",
  "other",
];

/** Operators that pass values on unchanged, or only rearrange them. */
const carriers: ReadonlySet<string> = new Set([
  "Cast",
  "DequantizeLinear",
  "Dropout",
  "Flatten",
  "Identity",
  "QuantizeLinear",
  "Reshape",
  "Squeeze",
  "Transpose",
  "Unsqueeze",
]);
const pools: ReadonlySet<string> = new Set([
  "AveragePool",
  "GlobalAveragePool",
  "GlobalMaxPool",
  "LpPool",
  "MaxPool",
  "ReduceMean",
  "ReduceMax",
]);
const norms: ReadonlySet<string> = new Set([
  "BatchNormalization",
  "GroupNormalization",
  "InstanceNormalization",
  "LayerNormalization",
]);
const takers: ReadonlySet<string> = new Set(["Gather", "Slice", "Split"]);
const resizers: ReadonlySet<string> = new Set(["DepthToSpace", "Resize", "Upsample"]);

/** Extents of the window that a convolution slides; undefined for a matrix product. */
function kernelOf(graph: Graph, node: Node): readonly number[] | undefined {
  const written = node.attributes.get("kernel_shape");
  if (written?.kind === "ints") return written.value.map(Number);
  const weight = node.inputs[1] ?? "";
  const shape = graph.initializers.get(weight)?.shape ?? graph.types.get(weight)?.shape;
  return node.op === "Conv" ? shape?.slice(2).map(Number) : undefined;
}

/** Whether a node takes some of the channels and leaves the spatial axes unchanged. */
function takesChannels(graph: Graph, node: Node): boolean {
  if (!takers.has(node.op)) return false;
  const written = node.attributes.get("axis");
  const held = node.op === "Slice" ? graph.initializers.get(node.inputs[3] ?? "") : undefined;
  const axes = held ? Array.from(held.data as ArrayLike<number | bigint>, Number) : [];
  return node.op === "Slice"
    ? axes.length === 1 && axes[0] === 1
    : written?.kind === "int" && Number(written.value) === 1;
}

/** A pooling window of one point takes every stride-th point, not a maximum of several. */
function isSubsampling(graph: Graph, node: Node): boolean {
  return pools.has(node.op) && (kernelOf(graph, node) ?? [0]).every((extent) => extent === 1);
}

function pickKind({ graph, dataInputs }: DataFlow, nodes: readonly Node[]): SkipKind {
  const some = (test: (node: Node) => boolean): boolean => nodes.some(test);
  const constants = (node: Node): boolean => dataInputs(node).length < node.inputs.filter((name) => name !== "").length;
  if (nodes.every(({ op }) => carriers.has(op))) return "identity";
  if (some((node) => node.op === "Mul" && dataInputs(node).length > 1)) return "gated";
  const found = nodes.filter(isLayer);
  if (found.length > 0) {
    const isPoint = found.every((node) => (kernelOf(graph, node) ?? [1]).every((extent) => extent === 1));
    return isPoint && found.every(({ op }) => op !== "ConvTranspose") ? "projection" : "convolution";
  }
  if (some(({ op }) => resizers.has(op))) return "resized identity";
  if (some((node) => node.op === "Pad" || (node.op === "Concat" && constants(node)))) return "padded identity";
  if (some((node) => pools.has(node.op) && !isSubsampling(graph, node))) return "pooled identity";
  if (nodes.every((node) => carriers.has(node.op) || takesChannels(graph, node))) return "partial identity";
  if (some((node) => isSubsampling(graph, node) || takers.has(node.op))) return "subsampled identity";
  if (some(({ op }) => norms.has(op))) return "normalised identity";
  if (some((node) => (node.op === "Mul" || node.op === "Div") && constants(node))) return "scaled";
  return "other";
}

/** The kind of a skip, and what lies on it. @param positions its nodes, in order */
export function classifySkip(
  flow: DataFlow,
  positions: readonly number[],
): { readonly kind: SkipKind; readonly detail: string } {
  const nodes = positions.map((position) => flow.graph.nodes[position]);
  const shown = nodes.filter(({ op }) => !carriers.has(op)).map((node) => labelNode(flow.graph, node));
  const detail = shown.length > 6 ? [...shown.slice(0, 5), `${shown.length - 5} more`] : shown;
  return { kind: pickKind(flow, nodes), detail: detail.join(", ") };
}
