import { shapeOf } from "../../onnx/builder.ts";
import type { PoolingOperators } from "../../onnx/operators/pooling.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { DifferentiableOp, GradientRules } from "../rule.ts";

export const poolingRules: GradientRules<keyof PoolingOperators & DifferentiableOp> = {
  AveragePool: (g, { inputs: [x], attributes }, dy) => [g.op("AveragePoolGradient", [dy, x], attributes)],
  GlobalAveragePool: (g, { inputs: [x] }, dy) => {
    const shape = shapeOf(x);
    const share = g.op("Mul", [dy, g.fill(1 / sizeOf(shape.slice(2)))]);
    return [g.op("Expand", [share, g.ints(shape)])];
  },
  GlobalMaxPool: (g, { inputs: [x], outputs: [y] }, dy) => [
    g.op("MaxPoolGradient", [dy, x, y], { kernel_shape: shapeOf(x).slice(2) }),
  ],
  MaxPool: (g, { inputs: [x], outputs: [y], attributes }, dy) => [g.op("MaxPoolGradient", [dy, x, y], attributes)],
};
