import { type GraphBuilder, shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { onnxDtypes } from "../../onnx/operators/elementwise.ts";
import type { ReductionOperators } from "../../onnx/operators/reduction.ts";
import { normalizeAxis, type Shape, sizeOf } from "../../tensor/shape.ts";
import type { DifferentiableOp, ForwardNode, GradientRules } from "../rule.ts";
import { reshapeTo } from "./broadcast.ts";

type Reduction = "ReduceMax" | "ReduceMean" | "ReduceSum" | "ReduceSumSquare";

/** The shape that a reduction's result has when the reduced axes are kept as 1. */
function keptShape(g: GraphBuilder, node: ForwardNode<Reduction>): Shape {
  const shape = shapeOf(node.inputs[0]);
  const given = node.inputs[1] && g.constantOf(node.inputs[1]);
  const axes =
    given &&
    Array.from(given.data as ArrayLike<bigint>, (axis) => normalizeAxis(node.where, Number(axis), shape.length));
  if (axes === undefined && node.attributes.noop_with_empty_axes) return shape;
  return shape.map((extent, axis) => (axes === undefined || axes.includes(axis) ? 1 : extent));
}

const expandToInput = (g: GraphBuilder, node: ForwardNode<Reduction>, dy: Value): Value =>
  g.op("Expand", [reshapeTo(g, dy, keptShape(g, node)), g.ints(shapeOf(node.inputs[0]))]);

export const reductionRules: GradientRules<keyof ReductionOperators & DifferentiableOp> = {
  // d log softmax: dy − softmax · Σ dy
  LogSoftmax: (g, { outputs: [y], attributes: { axis = -1 } }, dy) => [
    g.op("Sub", [dy, g.op("Mul", [g.op("Exp", [y]), g.op("ReduceSum", [dy, g.ints([axis])])])]),
  ],
  // Elements that tie for the maximum share the gradient, as in PyTorch's amax.
  ReduceMax: (g, node, dy) => {
    const kept = keptShape(g, node);
    const maximum = reshapeTo(g, node.outputs[0], kept);
    const mask = g.op("Cast", [g.op("Equal", [node.inputs[0], maximum])], { to: onnxDtypes.float32 });
    const axes = kept.flatMap((extent, axis) => (extent === 1 ? [axis] : []));
    const count = axes.length === 0 ? mask : g.op("ReduceSum", [mask, g.ints(axes)]);
    return [g.op("Mul", [mask, g.op("Div", [reshapeTo(g, dy, kept), count])])];
  },
  ReduceMean: (g, node, dy) => {
    const count = sizeOf(shapeOf(node.inputs[0])) / sizeOf(shapeOf(node.outputs[0]));
    return [expandToInput(g, node, g.op("Mul", [dy, g.fill(1 / count)]))];
  },
  ReduceSum: (g, node, dy) => [expandToInput(g, node, dy)],
  ReduceSumSquare: (g, node, dy) => [
    g.op("Mul", [node.inputs[0], reshapeTo(g, g.op("Mul", [dy, g.fill(2)]), keptShape(g, node))]),
  ],
  // d softmax: y · (dy − Σ dy·y)
  Softmax: (g, { outputs: [y], attributes: { axis = -1 } }, dy) => {
    const weighted = g.op("ReduceSum", [g.op("Mul", [dy, y]), g.ints([axis])]);
    return [g.op("Mul", [y, g.op("Sub", [dy, weighted])])];
  },
};
