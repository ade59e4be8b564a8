import type { GraphBuilder } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { type ElementwiseOperators, onnxDtypes } from "../../onnx/operators/elementwise.ts";
import type { DifferentiableOp, ForwardNode, GradientRules } from "../rule.ts";
import { sumTo } from "./broadcast.ts";

const mul = (g: GraphBuilder, a: Value, b: Value): Value => g.op("Mul", [a, b]);
const square = (g: GraphBuilder, x: Value): Value => g.op("Mul", [x, x]);
const oneMinus = (g: GraphBuilder, x: Value): Value => g.op("Sub", [g.fill(1), x]);
const toFloat = (g: GraphBuilder, mask: Value): Value => g.op("Cast", [mask], { to: onnxDtypes.float32 });

/** The gradient goes to the operand that was chosen; operands that tie share it, as PyTorch's maximum does. */
function shareAmongChosen(g: GraphBuilder, node: ForwardNode<"Max" | "Min">, dy: Value): readonly Value[] {
  const masks = node.inputs.map((x) => toFloat(g, g.op("Equal", [x, node.outputs[0]])));
  const count = masks.reduce((sum, mask) => g.op("Add", [sum, mask]));
  const share = g.op("Div", [dy, count]);
  return node.inputs.map((x, index) => sumTo(g, mul(g, share, masks[index]), x));
}

export const elementwiseRules: GradientRules<keyof ElementwiseOperators & DifferentiableOp> = {
  Abs: (g, { inputs: [x] }, dy) => [mul(g, dy, g.op("Sign", [x]))],
  Add: (g, { inputs: [a, b] }, dy) => [sumTo(g, dy, a), sumTo(g, dy, b)],
  Cast: (g, { inputs: [x] }, dy) => [
    x.dtype.startsWith("float") ? g.op("Cast", [dy], { to: onnxDtypes[x.dtype] }) : undefined,
  ],
  // The bounds themselves pass the gradient, as in PyTorch's clamp.
  Clip: (g, { inputs: [x, low, high] }, dy) => {
    const above = low && toFloat(g, g.op("GreaterOrEqual", [x, low]));
    const below = high && toFloat(g, g.op("GreaterOrEqual", [high, x]));
    return [[above, below].reduce<Value>((passed, mask) => (mask ? mul(g, passed, mask) : passed), dy)];
  },
  Div: (g, { inputs: [a, b], outputs: [y], needs }, dy) => {
    const scaled = g.op("Div", [dy, b]);
    return [sumTo(g, scaled, a), needs(1) ? sumTo(g, g.op("Neg", [mul(g, scaled, y)]), b) : undefined];
  },
  // d erf(x)/dx = 2/√π · exp(−x²)
  Erf: (g, { inputs: [x] }, dy) => [
    mul(g, dy, mul(g, g.fill(2 / Math.sqrt(Math.PI)), g.op("Exp", [g.op("Neg", [square(g, x)])]))),
  ],
  Exp: (g, { outputs: [y] }, dy) => [mul(g, dy, y)],
  HardSigmoid: (g, { outputs: [y], attributes: { alpha = 0.2 } }, dy) => {
    const inside = g.op("And", [g.op("Greater", [y, g.fill(0)]), g.op("Less", [y, g.fill(1)])]);
    return [mul(g, dy, mul(g, toFloat(g, inside), g.fill(alpha)))];
  },
  Identity: (_, __, dy) => [dy],
  LeakyRelu: (g, { inputs: [x], attributes: { alpha = 0.01 } }, dy) => [
    g.op("Where", [g.op("Greater", [x, g.fill(0)]), dy, mul(g, dy, g.fill(alpha))]),
  ],
  Log: (g, { inputs: [x] }, dy) => [g.op("Div", [dy, x])],
  Max: shareAmongChosen,
  Min: shareAmongChosen,
  Mul: (g, { inputs: [a, b], needs }, dy) => [
    needs(0) ? sumTo(g, mul(g, dy, b), a) : undefined,
    needs(1) ? sumTo(g, mul(g, dy, a), b) : undefined,
  ],
  Neg: (g, _, dy) => [g.op("Neg", [dy])],
  Pow: (g, { inputs: [x, exponent], outputs: [y], needs }, dy) => {
    const power = g.op("Pow", [x, g.op("Sub", [exponent, g.fill(1)])]);
    return [
      sumTo(g, mul(g, dy, mul(g, exponent, power)), x),
      needs(1) ? sumTo(g, mul(g, dy, mul(g, y, g.op("Log", [x]))), exponent) : undefined,
    ];
  },
  Reciprocal: (g, { outputs: [y] }, dy) => [g.op("Neg", [mul(g, dy, square(g, y))])],
  Relu: (g, { outputs: [y] }, dy) => [g.op("ReluGradient", [dy, y])],
  Sigmoid: (g, { outputs: [y] }, dy) => [mul(g, dy, mul(g, y, oneMinus(g, y)))],
  Softplus: (g, { inputs: [x] }, dy) => [mul(g, dy, g.op("Sigmoid", [x]))],
  Sqrt: (g, { outputs: [y] }, dy) => [g.op("Div", [mul(g, dy, g.fill(0.5)), y])],
  Sub: (g, { inputs: [a, b], needs }, dy) => [sumTo(g, dy, a), needs(1) ? sumTo(g, g.op("Neg", [dy]), b) : undefined],
  Tanh: (g, { outputs: [y] }, dy) => [mul(g, dy, oneMinus(g, square(g, y)))],
  Where: (g, { inputs: [condition, a, b] }, dy) => [
    undefined,
    sumTo(g, g.op("Where", [condition, dy, g.fill(0)]), a),
    sumTo(g, g.op("Where", [condition, g.fill(0), dy]), b),
  ],
};
