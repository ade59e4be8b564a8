import { type GraphBuilder, shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";

/** Outputs of one `Split`: with its input, the 8 buffers that every adapter of WebGPU takes in one program. */
const MOST_OUTPUTS = 7;

const total = (shapes: readonly Shape[]): number => shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);

/** Tensors one after another: `[Σ sizes]`. */
export function joinRows(g: GraphBuilder, values: readonly Value[]): Value {
  const rows = values.map((value) => (value.shape.length === 1 ? value : g.op("Reshape", [value, g.ints([-1])])));
  return rows.length === 1 ? rows[0] : g.op("Concat", rows, { axis: 0 });
}

/** Takes apart what {@link joinRows} joined: by parts of parts, if they are many. */
export function splitRow(g: GraphBuilder, row: Value, shapes: readonly Shape[]): readonly Value[] {
  if (shapes.length === 1) {
    const [shape] = shapes;
    return [shape.length === 1 ? row : g.op("Reshape", [row, g.ints(shape)])];
  }
  const each = Math.ceil(shapes.length / MOST_OUTPUTS);
  const parts = Array.from({ length: Math.ceil(shapes.length / each) }, (_, part) =>
    shapes.slice(part * each, (part + 1) * each),
  );
  const rows = g.ops("Split", [row, g.ints(parts.map(total))], parts.length, { axis: 0 });
  return parts.flatMap((part, index) => splitRow(g, rows[index], part));
}

/** Values that were computed as one. */
export interface NamedRow {
  readonly names: readonly string[];
  /** What {@link splitRow} takes them from. */
  readonly row: Value;
}

/** Values in groups of equal keys, in the order of their first ones. */
export function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    groups.set(key, [...(groups.get(key) ?? []), value]);
  }
  return [...groups.values()];
}

/** The shapes of values. */
export const shapesOf = (values: readonly Value[]): readonly Shape[] => values.map(shapeOf);
