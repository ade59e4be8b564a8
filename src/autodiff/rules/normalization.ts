import type { NormalizationOperators } from "../../onnx/operators/normalization.ts";
import { UnsupportedError } from "../../tensor/errors.ts";
import type { DifferentiableOp, GradientRules } from "../rule.ts";

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
      throw new UnsupportedError(node.where, "the batch's statistics are not differentiated through");
    const [x, gamma] = node.inputs;
    const [, mean, variance] = node.outputs;
    return g.ops("BatchNormTrainingGradient", [dy, x, gamma, mean, variance], 3, node.attributes);
  },
};
