import { attributesOf, pruneGraph } from "../onnx/builder.ts";
import { countUses, type Graph, type Node } from "../onnx/graph.ts";
import { sizeOf } from "../tensor/shape.ts";
import { float32, type Tensor } from "../tensor/tensor.ts";

const DEFAULT_EPSILON = 1e-5;

interface Folding {
  readonly conv: Node;
  readonly norm: Node;
  readonly weight: Tensor;
  readonly bias: Tensor;
}

/**
 * Folds each batch norm in evaluation mode into the convolution before it:
 * γ·(W∗x + b − μ)/√(σ² + ε) + β = (s·W)∗x + (s·(b − μ) + β) with s = γ/√(σ² + ε).
 * Computed in float64 and rounded once. If the convolution's result is used elsewhere too, both stay.
 */
export function foldBatchNorm(graph: Graph): Graph {
  const uses = countUses(graph);
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const foldings = graph.nodes.flatMap((norm): readonly Folding[] => {
    const conv = makers.get(norm.inputs[0] ?? "");
    if (norm.op !== "BatchNormalization" || conv?.op !== "Conv" || uses.get(norm.inputs[0]) !== 1) return [];
    const folded = foldTensors(graph, conv, norm);
    return folded === undefined ? [] : [{ conv, norm, ...folded }];
  });
  const initializers = new Map(graph.initializers);
  const replaced = new Map<Node, Node | undefined>();
  for (const { conv, norm, weight, bias } of foldings) {
    const biasName = `${conv.name}/bias`;
    const weightName = uses.get(conv.inputs[1]) === 1 ? conv.inputs[1] : `${conv.name}/weight`;
    initializers.set(weightName, weight).set(biasName, bias);
    replaced.set(conv, { ...conv, inputs: [conv.inputs[0], weightName, biasName], outputs: norm.outputs });
    replaced.set(norm, undefined);
  }
  const nodes = graph.nodes.flatMap((node) => (replaced.has(node) ? (replaced.get(node) ?? []) : node));
  const types = new Map([...graph.types, ...[...initializers].map(([name, tensor]) => [name, tensor] as const)]);
  return pruneGraph({ ...graph, nodes, initializers, types });
}

function foldTensors(
  graph: Graph,
  conv: Node,
  norm: Node,
): { readonly weight: Tensor; readonly bias: Tensor } | undefined {
  const held = (name: string | undefined): Float32Array | undefined =>
    graph.initializers.get(name ?? "")?.data as Float32Array | undefined;
  const weight = graph.initializers.get(conv.inputs[1] ?? "");
  const [gamma, beta, mean, variance] = norm.inputs.slice(1, 5).map(held);
  const bias = conv.inputs[2] ? held(conv.inputs[2]) : new Float32Array(gamma?.length ?? 0);
  if (!weight || !gamma || !beta || !mean || !variance || !bias) return undefined;
  const { epsilon = DEFAULT_EPSILON } = attributesOf("BatchNormalization", norm);
  const slopes = Float64Array.from(gamma, (value, channel) => value / Math.sqrt(variance[channel] + epsilon));
  const perChannel = sizeOf(weight.shape.slice(1));
  const scaled = (weight.data as Float32Array).map((value, index) => value * slopes[Math.floor(index / perChannel)]);
  const offsets = bias.map((value, channel) => slopes[channel] * (value - mean[channel]) + beta[channel]);
  return { weight: float32(weight.shape, scaled), bias: float32([bias.length], offsets) };
}
