import type { GraphBuilder } from "../builder.ts";
import type { Value } from "../graph.ts";
import type { OperatorName, Operators } from "../operators/index.ts";
import { float32 } from "../../tensor/tensor.ts";

/**
 * Writes operators into a graph, whatever represents values there: a `Value` when a network is built, a name when a
 * file is read. A composition of several operators is thus written once for both.
 */
export interface Writer<V> {
  op<Op extends OperatorName>(op: Op, inputs: readonly V[], attributes?: Operators[Op]): V;
  ops<Op extends OperatorName>(op: Op, inputs: readonly V[], count: number, attributes?: Operators[Op]): readonly V[];
  /** A one-axis constant of whole numbers. */
  ints(values: readonly number[]): V;
  /** A float32 constant. */
  floats(shape: readonly number[], values: readonly number[]): V;
}

/** A writer into a graph that is being built. */
export function writeTo(g: GraphBuilder): Writer<Value> {
  return {
    op: (op, inputs, attributes) => g.op(op, inputs, attributes),
    ops: (op, inputs, count, attributes) => g.ops(op, inputs, count, attributes),
    ints: (values) => g.ints(values),
    floats: (shape, values) => g.constant(float32(shape, values)),
  };
}
