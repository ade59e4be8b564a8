import { ShapeError } from "../../tensor/errors.ts";
import { formatShape, staticShape } from "../../tensor/shape.ts";
import { RESIDUA_DOMAIN, type TensorType } from "../graph.ts";
import type { OperatorCall, OperatorTable } from "./definition.ts";
import { resolveWindow, type WindowAttributes, windowedExtents } from "./window.ts";

export interface ConvAttributes extends WindowAttributes {
  readonly group?: number;
}

export interface ConvTransposeAttributes extends ConvAttributes {
  readonly output_padding?: readonly number[];
  readonly output_shape?: readonly number[];
}

/** A convolution's gradient also states what the forward window was applied to. */
export interface ConvInputGradientAttributes extends ConvAttributes {
  /** Spatial extents of the convolution's input, which its output alone does not determine. */
  readonly input_extents: readonly number[];
}

/** Convolutions and their gradients, on any number of spatial axes. */
export interface ConvolutionOperators {
  /** `(x [N,C,…], w [O,C/group,…], bias? [O]) → y [N,O,…]` */
  readonly Conv: ConvAttributes;
  /** `(x [N,C,…], w [C,O/group,…], bias? [O]) → y [N,O,…]` */
  readonly ConvTranspose: ConvTransposeAttributes;
  /** `(dy [N,O,…], w [O,C/group,…]) → dx [N,C,…]` */
  readonly ConvInputGradient: ConvInputGradientAttributes;
  /** `(x [N,C,…], dy [N,O,…]) → dw [O,C/group,…]`; `kernel_shape` is required. */
  readonly ConvWeightGradient: ConvAttributes;
}

const windowKinds = {
  kernel_shape: "ints",
  strides: "ints",
  dilations: "ints",
  pads: "ints",
  auto_pad: "string",
} as const;

function inferConv(call: OperatorCall<ConvAttributes>): readonly TensorType[] {
  const x = call.input(0);
  const weight = staticShape(call.where, call.input(1).shape);
  const group = call.attributes.group ?? 1;
  if (x.shape.length !== weight.length) {
    throw new ShapeError(
      call.where,
      `input ${formatShape(x.shape)} and weight ${formatShape(weight)} must have the same rank`,
    );
  }
  if (x.shape[1] !== weight[1] * group || weight[0] % group !== 0) {
    throw new ShapeError(
      call.where,
      `weight ${formatShape(weight)} in ${group} group(s) needs ${weight[1] * group} input channels, got ${x.shape[1]} in ${formatShape(x.shape)}`,
    );
  }
  const window = resolveWindow(call.where, call.attributes, weight.slice(2));
  return [{ dtype: x.dtype, shape: [x.shape[0], weight[0], ...windowedExtents(call.where, x.shape, window)] }];
}

function inferConvTranspose(call: OperatorCall<ConvTransposeAttributes>): readonly TensorType[] {
  const x = call.input(0);
  const weight = staticShape(call.where, call.input(1).shape);
  const group = call.attributes.group ?? 1;
  if (x.shape[1] !== weight[0]) {
    throw new ShapeError(
      call.where,
      `weight ${formatShape(weight)} needs ${weight[0]} input channels, got ${x.shape[1]}`,
    );
  }
  if (call.attributes.output_shape !== undefined) {
    throw new ShapeError(call.where, "output_shape must be written as pads and output_padding");
  }
  const window = resolveWindow(call.where, call.attributes, weight.slice(2));
  const extents = staticShape(call.where, x.shape.slice(2)).map(
    (extent, axis) =>
      (extent - 1) * window.strides[axis] +
      window.dilations[axis] * (window.kernel[axis] - 1) +
      1 -
      window.begins[axis] -
      window.ends[axis] +
      (call.attributes.output_padding?.[axis] ?? 0),
  );
  return [{ dtype: x.dtype, shape: [x.shape[0], weight[1] * group, ...extents] }];
}

export const convolutionOperators: OperatorTable<ConvolutionOperators> = {
  Conv: { domain: "", name: "Conv", attributes: { ...windowKinds, group: "int" }, infer: inferConv },
  ConvTranspose: {
    domain: "",
    name: "ConvTranspose",
    attributes: { ...windowKinds, group: "int", output_padding: "ints", output_shape: "ints" },
    infer: inferConvTranspose,
  },
  ConvInputGradient: {
    domain: RESIDUA_DOMAIN,
    name: "ConvInputGradient",
    attributes: { ...windowKinds, group: "int", input_extents: "ints" },
    infer: (call) => {
      const dy = call.input(0);
      const weight = staticShape(call.where, call.input(1).shape);
      const channels = weight[1] * (call.attributes.group ?? 1);
      return [{ dtype: dy.dtype, shape: [dy.shape[0], channels, ...call.attributes.input_extents] }];
    },
  },
  ConvWeightGradient: {
    domain: RESIDUA_DOMAIN,
    name: "ConvWeightGradient",
    attributes: { ...windowKinds, group: "int" },
    infer: (call) => {
      const [, channels] = call.input(0).shape;
      const dy = call.input(1);
      const kernel = call.attributes.kernel_shape;
      if (kernel === undefined || typeof channels !== "number") {
        throw new ShapeError(call.where, "needs kernel_shape and a known number of channels");
      }
      return [{ dtype: dy.dtype, shape: [dy.shape[1], channels / (call.attributes.group ?? 1), ...kernel] }];
    },
  },
};
