import { ShapeError } from "../../tensor/errors.ts";
import { RESIDUA_DOMAIN, type TensorType } from "../graph.ts";
import type { NoAttributes, OperatorCall, OperatorTable } from "./definition.ts";
import { resolveWindow, type Window, type WindowAttributes, windowedExtents } from "./window.ts";

export interface MaxPoolAttributes extends WindowAttributes {
  readonly ceil_mode?: number;
  readonly storage_order?: number;
}

export interface MaxPoolGradientAttributes extends MaxPoolAttributes {
  /** Whether dy is 0 already wherever a window's maximum is not above 0. */
  readonly masked?: number;
}

export interface AveragePoolAttributes extends WindowAttributes {
  readonly ceil_mode?: number;
  readonly count_include_pad?: number;
}

/** Pooling over windows or whole planes, and its gradients. */
export interface PoolingOperators {
  /** `x [N,C,…] → y [N,C,…]`, and as a second output the indices of the maxima */
  readonly MaxPool: MaxPoolAttributes;
  readonly AveragePool: AveragePoolAttributes;
  /** `x [N,C,…] → y [N,C,1,…]` */
  readonly GlobalAveragePool: NoAttributes;
  readonly GlobalMaxPool: NoAttributes;
  /** `(dy, x, y) → dx`; the first maximum of a window, in row-major order, takes its gradient, as in PyTorch. */
  readonly MaxPoolGradient: MaxPoolGradientAttributes;
  /** `(dy, x) → dx`; only the shape of x counts. */
  readonly AveragePoolGradient: AveragePoolAttributes;
}

const windowKinds = {
  kernel_shape: "ints",
  strides: "ints",
  dilations: "ints",
  pads: "ints",
  auto_pad: "string",
  ceil_mode: "int",
} as const;

/** The window of a pooling operator. @throws {ShapeError} if it has no `kernel_shape` */
export function poolingWindow(where: string, attributes: WindowAttributes): Window {
  if (attributes.kernel_shape === undefined) throw new ShapeError(where, "pooling needs kernel_shape");
  return resolveWindow(where, attributes, attributes.kernel_shape);
}

function inferPool(call: OperatorCall<MaxPoolAttributes | AveragePoolAttributes>): readonly TensorType[] {
  const x = call.input(0);
  const window = poolingWindow(call.where, call.attributes);
  const extents = windowedExtents(call.where, x.shape, window, call.attributes.ceil_mode === 1);
  return [{ dtype: x.dtype, shape: [x.shape[0], x.shape[1], ...extents] }];
}

const inferGlobal = (call: OperatorCall<NoAttributes>): readonly TensorType[] => {
  const { dtype, shape } = call.input(0);
  return [{ dtype, shape: shape.map((extent, axis) => (axis < 2 ? extent : 1)) }];
};

export const poolingOperators: OperatorTable<PoolingOperators> = {
  MaxPool: {
    domain: "",
    name: "MaxPool",
    attributes: { ...windowKinds, storage_order: "int" },
    infer: (call) => {
      const [pooled] = inferPool(call);
      return call.outputCount > 1 ? [pooled, { dtype: "int64", shape: pooled.shape }] : [pooled];
    },
  },
  AveragePool: {
    domain: "",
    name: "AveragePool",
    attributes: { ...windowKinds, count_include_pad: "int" },
    infer: inferPool,
  },
  GlobalAveragePool: { domain: "", name: "GlobalAveragePool", attributes: {}, infer: inferGlobal },
  GlobalMaxPool: { domain: "", name: "GlobalMaxPool", attributes: {}, infer: inferGlobal },
  MaxPoolGradient: {
    domain: RESIDUA_DOMAIN,
    name: "MaxPoolGradient",
    attributes: { ...windowKinds, storage_order: "int", masked: "int" },
    infer: (call) => [call.input(1)],
  },
  AveragePoolGradient: {
    domain: RESIDUA_DOMAIN,
    name: "AveragePoolGradient",
    attributes: { ...windowKinds, count_include_pad: "int" },
    infer: (call) => [call.input(1)],
  },
};
