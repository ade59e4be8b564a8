import type { GraphBuilder } from "../onnx/builder.ts";
import type { Value } from "../onnx/graph.ts";
import { ShapeError } from "../tensor/errors.ts";
import { sizeOf } from "../tensor/shape.ts";
import { shapeOf } from "../onnx/builder.ts";

/** Collects numbers that a graph computes on its way, so that hundreds of them leave it as one tensor. */
export interface Scalars {
  /** Adds a value with one element. @throws {ShapeError} if it has more, or the name is taken */
  record(name: string, value: Value): void;
  /** Makes everything recorded one output of the graph. @returns the names in the order of its elements */
  output(name: string): readonly string[];
}

/** Starts an empty collection in a graph. */
export function collectScalars(g: GraphBuilder): Scalars {
  const held = new Map<string, Value>();
  return {
    record: (name, value) => {
      if (held.has(name)) throw new ShapeError(name, "is recorded already");
      if (sizeOf(shapeOf(value)) !== 1) throw new ShapeError(name, "has more than one element");
      held.set(name, g.op("Reshape", [value, g.ints([1])]));
    },
    output: (name) => {
      g.output(name, g.op("Concat", [...held.values()], { axis: 0 }));
      return [...held.keys()];
    },
  };
}

/** The numbers behind {@link Scalars.output}, by their names. */
export function readScalars(names: readonly string[], data: ArrayLike<number>): ReadonlyMap<string, number> {
  return new Map(names.map((name, index) => [name, data[index]]));
}
