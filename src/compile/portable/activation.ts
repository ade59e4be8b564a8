import type { Value } from "../../onnx/graph.ts";
import { onnxDtypes } from "../../onnx/operators/elementwise.ts";
import type { Rewrite } from "../rewrite.ts";
import type { PortableChoices } from "./choices.ts";

/** max(x, 0), as chosen; `Relu` stays as it is. */
export const relus: Readonly<Record<PortableChoices["relu"], Rewrite<"Relu"> | undefined>> = {
  relu: undefined,
  prelu: (g, { inputs: [x] }) => [g.op("PRelu", [x, g.fill(0)])],
};

/** dy where y > 0, else 0: a product with a step function, which is faster than `Where`. */
export const reluGradients: Readonly<Record<PortableChoices["reluGradient"], Rewrite<"ReluGradient">>> = {
  "hard-sigmoid": (g, { inputs: [dy, y] }) => [g.op("Mul", [dy, g.op("HardSigmoid", [y], { alpha: 1e30, beta: 0 })])],
  sign: (g, { inputs: [dy, y] }) => [g.op("Mul", [dy, g.op("Sign", [y])])],
};

/** −1, 0 or 1, as chosen. Elements of other types than float32 keep the operator. */
export const signs: Readonly<Record<PortableChoices["sign"], Rewrite<"Sign"> | undefined>> = {
  operator: undefined,
  compare: (g, { node, inputs: [x] }) => {
    if (x.dtype !== "float32") return g.append({ ...node, inputs: [x.name] });
    const is = (op: "Greater" | "Less"): Value => g.op("Cast", [g.op(op, [x, g.fill(0)])], { to: onnxDtypes.float32 });
    return [g.op("Sub", [is("Greater"), is("Less")])];
  },
};

/**
 * log softmax along one axis, as chosen. Along any axis but the last, ONNX Runtime would transpose there and back, so
 * it is always written out.
 */
export const logSoftmaxes: Readonly<Record<PortableChoices["logSoftmax"], Rewrite<"LogSoftmax">>> = {
  operator: (g, node) =>
    isLastAxis(node) ? g.append({ ...node.node, inputs: [node.inputs[0].name] }) : writeLogSoftmax(g, node),
  "written-out": (g, node) => writeLogSoftmax(g, node),
};

type LogSoftmaxNode = Parameters<Rewrite<"LogSoftmax">>[1];

function isLastAxis({ inputs: [x], attributes: { axis = -1 } }: LogSoftmaxNode): boolean {
  return axis === -1 || axis === x.shape.length - 1;
}

function writeLogSoftmax(
  g: Parameters<Rewrite<"LogSoftmax">>[0],
  { inputs: [x], attributes: { axis = -1 } }: LogSoftmaxNode,
): readonly Value[] {
  const axes = g.ints([axis]);
  const shifted = g.op("Sub", [x, g.op("ReduceMax", [x, axes])]);
  return [g.op("Sub", [shifted, g.op("Log", [g.op("ReduceSum", [g.op("Exp", [shifted]), axes])])])];
}
