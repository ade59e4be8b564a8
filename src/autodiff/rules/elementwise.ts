import type { GraphBuilder } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { type ElementwiseOperators, onnxDtypes } from "../../onnx/operators/elementwise.ts";
import type { DifferentiableOp, ForwardNode, GradientRules } from "../rule.ts";
import { sumTo } from "./broadcast.ts";

const mul = (g: GraphBuilder, a: Value, b: Value): Value => g.op("Mul", [a, b]);
const square = (g: GraphBuilder, x: Value): Value => g.op("Mul", [x, x]);
const oneMinus = (g: GraphBuilder, x: Value): Value => g.op("Sub", [g.fill(1), x]);
const toFloat = (g: GraphBuilder, mask: Value): Value => g.op("Cast", [mask], { to: onnxDtypes.float32 });

/** The gradient goes to the operand that was chosen; tied operands share it, as in PyTorch's maximum. */
function shareAmongChosen(g: GraphBuilder, node: ForwardNode<"Max" | "Min">, dy: Value): readonly Value[] {
  const masks = node.inputs.map((x) => toFloat(g, g.op("Equal", [x, node.outputs[0]])));
  const count = masks.reduce((sum, mask) => g.op("Add", [sum, mask]));
  const share = g.op("Div", [dy, count]);
  return node.inputs.map((x, index) => sumTo(g, mul(g, share, masks[index]), x));
}

/** ONNX's defaults. @source Klambauer et al. 2017, arXiv:1706.02515 */
const SELU_ALPHA = 1.67326319217681884765625;
const SELU_GAMMA = 1.05070102214813232421875;

/** An activation that is `slope`·x above 0; `below` is its derivative elsewhere. */
function rectified(g: GraphBuilder, x: Value, dy: Value, below: Value, slope = 1): Value {
  const above = slope === 1 ? dy : mul(g, dy, g.fill(slope));
  return g.op("Where", [g.op("Greater", [x, g.fill(0)]), above, mul(g, dy, below)]);
}

export const elementwiseRules: GradientRules<keyof ElementwiseOperators & DifferentiableOp> = {
  Abs: (g, { inputs: [x] }, dy) => [mul(g, dy, g.op("Sign", [x]))],
  Add: (g, { inputs: [a, b] }, dy) => [sumTo(g, dy, a), sumTo(g, dy, b)],
  Cast: (g, { inputs: [x] }, dy) => [
    x.dtype.startsWith("float") ? g.op("Cast", [dy], { to: onnxDtypes[x.dtype] }) : undefined,
  ],
  // y = alpha·(exp(x/alpha) − 1) below 0, so dy/dx = y/alpha + 1
  Celu: (g, { inputs: [x], outputs: [y], attributes: { alpha = 1 } }, dy) => [
    rectified(g, x, dy, g.op("Add", [mul(g, y, g.fill(1 / alpha)), g.fill(1)])),
  ],
  // Values at the bounds pass the gradient, as in PyTorch's clamp.
  Clip: (g, { inputs: [x, low, high] }, dy) => {
    const above = low && toFloat(g, g.op("GreaterOrEqual", [x, low]));
    const below = high && toFloat(g, g.op("GreaterOrEqual", [high, x]));
    return [[above, below].reduce<Value>((passed, mask) => (mask ? mul(g, passed, mask) : passed), dy)];
  },
  Cos: (g, { inputs: [x] }, dy) => [g.op("Neg", [mul(g, dy, g.op("Sin", [x]))])],
  Div: (g, { inputs: [a, b], outputs: [y], needs }, dy) => {
    const scaled = g.op("Div", [dy, b]);
    return [sumTo(g, scaled, a), needs(1) ? sumTo(g, g.op("Neg", [mul(g, scaled, y)]), b) : undefined];
  },
  // y = alpha·(exp(x) − 1) below 0, so dy/dx = y + alpha
  Elu: (g, { inputs: [x], outputs: [y], attributes: { alpha = 1 } }, dy) => [
    rectified(g, x, dy, g.op("Add", [y, g.fill(alpha)])),
  ],
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
  LeakyRelu: (g, { inputs: [x], attributes: { alpha = 0.01 } }, dy) => [rectified(g, x, dy, g.fill(alpha))],
  Log: (g, { inputs: [x] }, dy) => [g.op("Div", [dy, x])],
  Max: shareAmongChosen,
  Min: shareAmongChosen,
  Mul: (g, { inputs: [a, b], needs }, dy) => [
    needs(0) ? sumTo(g, mul(g, dy, b), a) : undefined,
    needs(1) ? sumTo(g, mul(g, dy, a), b) : undefined,
  ],
  Neg: (g, _, dy) => [g.op("Neg", [dy])],
  PRelu: (g, { inputs: [x, slope], needs }, dy) => {
    const above = g.op("Greater", [x, g.fill(0)]);
    return [
      needs(0) ? rectified(g, x, dy, slope) : undefined,
      needs(1) ? sumTo(g, g.op("Where", [above, g.fill(0), mul(g, dy, x)]), slope) : undefined,
    ];
  },
  Pow: (g, { inputs: [x, exponent], outputs: [y], needs }, dy) => {
    const power = g.op("Pow", [x, g.op("Sub", [exponent, g.fill(1)])]);
    return [
      sumTo(g, mul(g, dy, mul(g, exponent, power)), x),
      needs(1) ? sumTo(g, mul(g, dy, mul(g, y, g.op("Log", [x]))), exponent) : undefined,
    ];
  },
  Reciprocal: (g, { outputs: [y] }, dy) => [g.op("Neg", [mul(g, dy, square(g, y))])],
  Relu: (g, { outputs: [y] }, dy) => [g.op("ReluGradient", [dy, y])],
  // y = gamma·alpha·(exp(x) − 1) below 0, so dy/dx = y + gamma·alpha
  Selu: (g, { inputs: [x], outputs: [y], attributes: { alpha = SELU_ALPHA, gamma = SELU_GAMMA } }, dy) => [
    rectified(g, x, dy, g.op("Add", [y, g.fill(gamma * alpha)]), gamma),
  ],
  Sigmoid: (g, { outputs: [y] }, dy) => [mul(g, dy, mul(g, y, oneMinus(g, y)))],
  Sin: (g, { inputs: [x] }, dy) => [mul(g, dy, g.op("Cos", [x]))],
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
