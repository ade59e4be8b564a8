import type { ParameterRole } from "../nn/module.ts";
import type { GraphBuilder } from "../onnx/builder.ts";
import type { Value } from "../onnx/graph.ts";
import type { Shape } from "../tensor/shape.ts";

/** The tensors of one parameter's update. */
export interface UpdateInput {
  readonly parameter: Value;
  readonly gradient: Value;
  /** The optimizer's state for this parameter, in the order of `Optimizer.state`. */
  readonly state: readonly Value[];
  /** The run-time scalars, in the order of `Optimizer.scalars`. */
  readonly scalars: readonly Value[];
  /** Whether weight decay applies to it. */
  readonly decayed: boolean;
  readonly role: ParameterRole;
  /** Whether the network computes the same for any multiple of it, because a batch norm follows. */
  readonly scaleInvariant: boolean;
  /** The parameter's logical shape, and how to reach it from the stored form of all tensors here, and back. */
  readonly rowMajor: {
    readonly shape: Shape;
    readonly unpack: (value: Value) => Value;
    readonly pack: (value: Value) => Value;
  };
}

/** The parameter and its state after the step. */
export interface UpdateOutput {
  readonly parameter: Value;
  readonly state: readonly Value[];
}

/** An optimizer: emits the graph nodes of one parameter's update. */
export interface Optimizer {
  readonly name: "sgd" | "adamw" | "muon";
  /** Names of the tensors kept for every parameter, each of the parameter's shape and starting at zero. */
  readonly state: readonly string[];
  /** Names of the scalars fed at every step. */
  readonly scalars: readonly string[];
  /** The scalars' values. @param step counts from 1 */
  readonly scalarValues: (learningRate: number, step: number) => readonly number[];
  readonly update: (g: GraphBuilder, input: UpdateInput) => UpdateOutput;
  /** Whether each element of a parameter of this role and shape is updated by itself, so that parameters may be joined. */
  readonly isElementwise: (role: ParameterRole, shape: Shape) => boolean;
}

/**
 * Decoupled weight decay: w − rate·decay·w, or w itself where none applies.
 * @source Loshchilov and Hutter 2019, arXiv:1711.05101
 */
export function shrink(g: GraphBuilder, { parameter, decayed, scalars: [rate] }: UpdateInput, decay: number): Value {
  return decayed && decay > 0 ? g.op("Sub", [parameter, g.op("Mul", [scale(g, parameter, decay), rate])]) : parameter;
}

/** `a·x`, or x itself for a = 1. */
export function scale(g: GraphBuilder, x: Value, factor: number): Value {
  return factor === 1 ? x : g.op("Mul", [x, g.fill(factor)]);
}
