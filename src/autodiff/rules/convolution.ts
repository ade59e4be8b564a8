import { shapeOf } from "../../onnx/builder.ts";
import type { ConvolutionOperators } from "../../onnx/operators/convolution.ts";
import type { DifferentiableOp, GradientRules } from "../rule.ts";

/** The batch and all spatial axes: what a bias is broadcast over. */
const allButChannels = (rank: number): readonly number[] => [
  0,
  ...Array.from({ length: rank - 2 }, (_, axis) => axis + 2),
];

export const convolutionRules: GradientRules<keyof ConvolutionOperators & DifferentiableOp> = {
  Conv: (g, { inputs: [x, w, bias], attributes, needs }, dy) => {
    const kernel_shape = shapeOf(w).slice(2);
    return [
      needs(0)
        ? g.op("ConvInputGradient", [dy, w], { ...attributes, kernel_shape, input_extents: shapeOf(x).slice(2) })
        : undefined,
      needs(1) ? g.op("ConvWeightGradient", [x, dy], { ...attributes, kernel_shape }) : undefined,
      bias && needs(2) ? g.op("ReduceSum", [dy, g.ints(allButChannels(dy.shape.length))], { keepdims: 0 }) : undefined,
    ];
  },
  // A transposed convolution is the adjoint of a convolution, so the convolution's forward pass and weight gradient
  // serve here.
  ConvTranspose: (g, { inputs: [x, w, bias], attributes, needs }, dy) => {
    const { output_padding: _, output_shape: __, ...window } = attributes;
    const kernel_shape = shapeOf(w).slice(2);
    return [
      needs(0) ? g.op("Conv", [dy, w], { ...window, kernel_shape }) : undefined,
      needs(1) ? g.op("ConvWeightGradient", [dy, x], { ...window, kernel_shape }) : undefined,
      bias && needs(2) ? g.op("ReduceSum", [dy, g.ints(allButChannels(dy.shape.length))], { keepdims: 0 }) : undefined,
    ];
  },
};
