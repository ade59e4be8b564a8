import { normalizeAxis } from "../../tensor/shape.ts";
import type { TensorType } from "../graph.ts";
import type { OperatorCall, OperatorDefinition, OperatorTable } from "./definition.ts";

export interface ReduceAttributes {
  readonly keepdims?: number;
  readonly noop_with_empty_axes?: number;
}

export interface ArgAttributes {
  readonly axis?: number;
  readonly keepdims?: number;
  readonly select_last_index?: number;
}

/** Operators that reduce over axes, which are a second input where ONNX 18 says so. */
export interface ReductionOperators {
  readonly ArgMax: ArgAttributes;
  readonly LogSoftmax: { readonly axis?: number };
  readonly ReduceMax: ReduceAttributes;
  readonly ReduceMean: ReduceAttributes;
  readonly ReduceSum: ReduceAttributes;
  readonly ReduceSumSquare: ReduceAttributes;
  readonly Softmax: { readonly axis?: number };
}

/** The axes of a reduction, counted from the front. */
function reducedAxes(call: OperatorCall<ReduceAttributes>): readonly number[] {
  const rank = call.input(0).shape.length;
  if (call.inputs[1]) return call.constants(1).map((axis) => normalizeAxis(call.where, axis, rank));
  return call.attributes.noop_with_empty_axes ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

function inferReduce(call: OperatorCall<ReduceAttributes>): readonly TensorType[] {
  const { dtype, shape } = call.input(0);
  const axes = reducedAxes(call);
  const keep = (call.attributes.keepdims ?? 1) === 1;
  const reduced = shape.flatMap((extent, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [extent]));
  return [{ dtype, shape: reduced }];
}

const reduction = (name: string): OperatorDefinition<ReduceAttributes> => ({
  domain: "",
  name,
  attributes: { keepdims: "int", noop_with_empty_axes: "int" },
  infer: inferReduce,
});

const alongAxis = (name: string): OperatorDefinition<{ readonly axis?: number }> => ({
  domain: "",
  name,
  attributes: { axis: "int" },
  infer: (call) => [call.input(0)],
});

export const reductionOperators: OperatorTable<ReductionOperators> = {
  ArgMax: {
    domain: "",
    name: "ArgMax",
    attributes: { axis: "int", keepdims: "int", select_last_index: "int" },
    infer: (call) => {
      const { shape } = call.input(0);
      const axis = normalizeAxis(call.where, call.attributes.axis ?? 0, shape.length);
      const keep = (call.attributes.keepdims ?? 1) === 1;
      return [{ dtype: "int64", shape: shape.toSpliced(axis, 1, ...(keep ? [1] : [])) }];
    },
  },
  LogSoftmax: alongAxis("LogSoftmax"),
  ReduceMax: reduction("ReduceMax"),
  ReduceMean: reduction("ReduceMean"),
  ReduceSum: reduction("ReduceSum"),
  ReduceSumSquare: reduction("ReduceSumSquare"),
  Softmax: alongAxis("Softmax"),
};
