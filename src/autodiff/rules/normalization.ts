import type { GraphBuilder } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import type { NormalizationOperators } from "../../onnx/operators/normalization.ts";
import { UnsupportedError } from "../../tensor/errors.ts";
import { normalizeAxis } from "../../tensor/shape.ts";
import type { DifferentiableOp, GradientRules } from "../rule.ts";
import { sumTo } from "./broadcast.ts";

/** x normalised over some axes by its own mean and biased variance, and the gradient through that. */
interface Normalized {
  /** x̂ = (x − E[x])·i with i = 1/√(Var[x] + ε) */
  readonly normal: Value;
  /** From the gradient of x̂ to that of x: i·(d − E[d] − x̂·E[d·x̂]) */
  readonly backward: (gradient: Value) => Value;
}

function normalizeOver(g: GraphBuilder, x: Value, axes: readonly number[], epsilon: number): Normalized {
  const mean = (value: Value): Value => g.op("ReduceMean", [value, g.ints(axes)], { keepdims: 1 });
  const centred = g.op("Sub", [x, mean(x)]);
  const variance = mean(g.op("Mul", [centred, centred]));
  const inverse = g.op("Reciprocal", [g.op("Sqrt", [g.op("Add", [variance, g.fill(epsilon)])])]);
  const normal = g.op("Mul", [centred, inverse]);
  const backward = (gradient: Value): Value => {
    const along = g.op("Mul", [normal, mean(g.op("Mul", [gradient, normal]))]);
    return g.op("Mul", [inverse, g.op("Sub", [g.op("Sub", [gradient, mean(gradient)]), along])]);
  };
  return { normal, backward };
}

export const normalizationRules: GradientRules<keyof NormalizationOperators & DifferentiableOp> = {
  BatchNormalization: (g, node, dy) => {
    const [x, gamma, , mean, variance] = node.inputs;
    if (node.needs(3) || node.needs(4) || node.attributes.training_mode) {
      throw new UnsupportedError(
        node.where,
        "in evaluation mode, batch norm's statistics get no gradient; use training mode",
      );
    }
    const rank = dy.shape.length;
    const perChannel = g.ints([1, -1, ...Array.from({ length: rank - 2 }, () => 1)]);
    const axes = g.ints([0, ...Array.from({ length: rank - 2 }, (_, axis) => axis + 2)]);
    const deviation = g.op("Sqrt", [g.op("Add", [variance, g.fill(node.attributes.epsilon ?? 1e-5)])]);
    const inverse = g.op("Reciprocal", [deviation]);
    const centred = g.op("Sub", [x, g.op("Reshape", [mean, perChannel])]);
    const normal = g.op("Mul", [centred, g.op("Reshape", [inverse, perChannel])]);
    return [
      node.needs(0) ? g.op("Mul", [dy, g.op("Reshape", [g.op("Mul", [gamma, inverse]), perChannel])]) : undefined,
      node.needs(1) ? g.op("ReduceSum", [g.op("Mul", [dy, normal]), axes], { keepdims: 0 }) : undefined,
      node.needs(2) ? g.op("ReduceSum", [dy, axes], { keepdims: 0 }) : undefined,
    ];
  },
  BatchNormTraining: (g, node, dy, dys) => {
    if (dys[1] || dys[2])
      throw new UnsupportedError(node.where, "the gradient through the batch's statistics is not supported");
    const [x, gamma] = node.inputs;
    const [, mean, variance] = node.outputs;
    return g.ops("BatchNormTrainingGradient", [dy, x, gamma, mean, variance], 3, node.attributes);
  },
  InstanceNormalization: (g, { inputs: [x, gamma, beta], attributes: { epsilon = 1e-5 }, needs }, dy) => {
    const spatial = Array.from({ length: x.shape.length - 2 }, (_, axis) => axis + 2);
    const scale = g.op("Reshape", [gamma, g.ints([1, -1, ...spatial.map(() => 1)])]);
    const { normal, backward } = normalizeOver(g, x, spatial, epsilon);
    const total = (value: Value): Value => g.op("ReduceSum", [value, g.ints([0, ...spatial])], { keepdims: 0 });
    return [
      needs(0) ? backward(g.op("Mul", [dy, scale])) : undefined,
      needs(1) ? total(g.op("Mul", [dy, normal])) : undefined,
      beta && needs(2) ? total(dy) : undefined,
    ];
  },
  LayerNormalization: (g, node, dy, dys) => {
    if (dys[1] || dys[2])
      throw new UnsupportedError(node.where, "the gradient through the layer's statistics is not supported");
    const [x, gamma, beta] = node.inputs;
    const first = normalizeAxis(node.where, node.attributes.axis ?? -1, x.shape.length);
    const axes = x.shape.flatMap((_, axis) => (axis >= first ? [axis] : []));
    const { normal, backward } = normalizeOver(g, x, axes, node.attributes.epsilon ?? 1e-5);
    return [
      node.needs(0) ? backward(g.op("Mul", [dy, gamma])) : undefined,
      node.needs(1) ? sumTo(g, g.op("Mul", [dy, normal]), gamma) : undefined,
      beta && node.needs(2) ? sumTo(g, dy, beta) : undefined,
    ];
  },
};
