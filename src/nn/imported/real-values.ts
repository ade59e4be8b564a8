import type { Graph, Node } from "../../onnx/graph.ts";
import { quantizedRanges } from "../../onnx/normalize/quantized.ts";
import { float32, type Tensor } from "../../tensor/tensor.ts";

/** Operators that pass quantised values on as they are. */
const passing: ReadonlySet<string> = new Set(
  "Concat Expand Flatten Gather Identity MaxPool Reshape Slice Split Squeeze Transpose Unsqueeze".split(" "),
);

/** A graph in which activations are real numbers, and how many were quantised. */
export interface RealGraph {
  readonly graph: Graph;
  readonly count: number;
}

const one = (tensor: Tensor | undefined): number | undefined =>
  tensor?.data.length === 1 ? Number(tensor.data[0]) : undefined;

/**
 * Activations that a file rounds to quantised steps become real numbers, clipped to the range of those steps: rounding has no
 * gradient. Weights stay as they are written: they are constants.
 *
 * @param constants values of initializers and Constant nodes
 * @source Jacob et al. 2018, arXiv:1712.05877, section 3
 */
export function withRealActivations(graph: Graph, constants: ReadonlyMap<string, Tensor>): RealGraph {
  const initializers = new Map(graph.initializers);
  const real = new Set<string>();
  let count = 0;
  const nodes = graph.nodes.map((node): Node => {
    const [x, scaleName, zeroName] = node.inputs;
    const [output] = node.outputs;
    if (passing.has(node.op) && node.inputs.some((name) => real.has(name)))
      node.outputs.forEach((name) => real.add(name));
    if (node.op === "DequantizeLinear" && real.has(x))
      return { ...node, op: "Identity", domain: "", inputs: [x], attributes: new Map() };
    if (node.op !== "QuantizeLinear" || constants.has(x)) return node;
    const zeroTensor = zeroName ? constants.get(zeroName) : undefined;
    const scale = one(constants.get(scaleName));
    const zero = zeroName ? one(zeroTensor) : 0;
    const range = quantizedRanges[zeroTensor?.dtype ?? "uint8"];
    if (scale === undefined || zero === undefined || range === undefined) return node;
    const bounds = range.map((bound, index) => {
      const name = `residua.quantized.${count}.${index === 0 ? "low" : "high"}`;
      initializers.set(name, float32([], [(bound - zero) * scale]));
      return name;
    });
    count++;
    real.add(output);
    return { ...node, op: "Clip", domain: "", inputs: [x, ...bounds], attributes: new Map() };
  });
  return { graph: { ...graph, nodes, initializers }, count };
}
