import type { GraphBuilder } from "../builder.ts";
import type { Value } from "../graph.ts";
import type { OperatorName, Operators } from "../operators/index.ts";
import { float32 } from "../../tensor/tensor.ts";

/**
 * Writes operators into a graph, whatever values are called there: `Value` where a network is built, a name where a file
 * is read. What is composed of several operators is written once for both.
 */
export interface Writer<V> {
  op<Op extends OperatorName>(op: Op, inputs: readonly V[], attributes?: Operators[Op]): V;
  ops<Op extends OperatorName>(op: Op, inputs: readonly V[], count: number, attributes?: Operators[Op]): readonly V[];
  /** A one-axis constant of whole numbers. */
  ints(values: readonly number[]): V;
  /** A float32 constant. */
  floats(shape: readonly number[], values: readonly number[]): V;
}

/** Writes into a graph that is being built. */
export function writeTo(g: GraphBuilder): Writer<Value> {
  return {
    op: (op, inputs, attributes) => g.op(op, inputs, attributes),
    ops: (op, inputs, count, attributes) => g.ops(op, inputs, count, attributes),
    ints: (values) => g.ints(values),
    floats: (shape, values) => g.constant(float32(shape, values)),
  };
}
