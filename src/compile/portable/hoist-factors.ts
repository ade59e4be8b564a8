import type { GraphBuilder } from "../../onnx/builder.ts";
import type { Graph, Node, Value } from "../../onnx/graph.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { float32 } from "../../tensor/tensor.ts";
import { type Draft, rebuildGraph } from "../rewrite.ts";
import { joinRows } from "../step/rows.ts";

/** factor·of/√under + offset; nothing is under it if left out. */
interface Affine {
  readonly of: string;
  readonly under?: string;
  readonly factor: number;
  readonly offset: number;
}

/** A graph that is read. */
interface Source {
  readonly graph: Graph;
  readonly makers: ReadonlyMap<string, Node>;
}

/** The number that all elements of a constant are; undefined if they differ, or if it is none. */
function numberIn({ graph }: Source, name: string): number | undefined {
  const held = graph.initializers.get(name);
  if (held?.dtype !== "float32" || held.data.length === 0) return undefined;
  const [first] = held.data as Float32Array;
  return (held.data as Float32Array).every((value) => value === first) ? first : undefined;
}

const sizeIn = ({ graph }: Source, name: string): number =>
  sizeOf(
    (graph.types.get(name) ?? graph.inputs.find((input) => input.name === name) ?? graph.initializers.get(name))!
      .shape as Shape,
  );

/** What a value is a multiple of, plus a number, followed through products, sums and other shapes. */
function readAffine(source: Source, name: string): Affine {
  const node = source.makers.get(name);
  const own: Affine = { of: name, factor: 1, offset: 0 };
  if (node === undefined || node.domain !== "") return own;
  const [first, second] = node.inputs;
  const divisor = source.makers.get(second);
  if (node.op === "Div" && divisor?.op === "Sqrt" && sizeIn(source, first) === sizeIn(source, second))
    return { ...own, of: first, under: divisor.inputs[0] };
  if (node.op === "Reshape") return readAffine(source, first);
  if (node.op !== "Mul" && node.op !== "Add" && node.op !== "Sub") return own;
  const [value, number] = [[first, second], ...(node.op === "Sub" ? [] : [[second, first]])]
    .map(([x, constant]) => [x, numberIn(source, constant)] as const)
    .find(([x, found]) => found !== undefined && sizeIn(source, x) === sizeIn(source, name)) ?? [first, undefined];
  if (number === undefined) return own;
  const inner = readAffine(source, value);
  const { factor, offset } = inner;
  if (node.op === "Mul") return { ...inner, factor: factor * number, offset: offset * number };
  return { ...inner, offset: node.op === "Add" ? offset + number : offset - number };
}

/** A row with a number for each element of the values that it is joined from. */
function spread(g: GraphBuilder, numbers: readonly number[], sizes: readonly number[]): Value {
  const data = numbers.flatMap((number, index) => Array<number>(sizes[index]).fill(number));
  return g.constant(float32([data.length], data));
}

/**
 * Joins multiples of values by joining the values, and multiplies the row: one operator instead of one for each. Rows are what small
 * parameters, their gradients and running statistics are updated in.
 */
export function hoistFactors(graph: Graph): Graph {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const source: Source = { graph, makers };
  return rebuildGraph(graph, (draft) => (node) => {
    const type = graph.types.get(node.outputs[0]);
    if (node.op !== "Concat" || type?.dtype !== "float32" || type.shape.length !== 1) return undefined;
    const row = writeRow(draft, source, node);
    return row && [row];
  });
}

/** A row of values times constants; undefined if they are joined as they are. */
function writeRow({ g, values }: Draft, source: Source, { inputs }: Node): Value | undefined {
  const terms = inputs.map((name) => readAffine(source, name));
  const sizes = inputs.map((name) => sizeIn(source, name));
  const factors = terms.map(({ factor }) => factor);
  const offsets = terms.map(({ offset }) => offset);
  const isDivided = terms.some(({ under }) => under !== undefined);
  const isScaled = factors.some((factor) => factor !== 1);
  const isMoved = offsets.some((offset) => offset !== 0);
  if (!isDivided && !isScaled && !isMoved) return undefined;
  let row = joinRows(
    g,
    terms.map(({ of }) => values.get(of)!),
  );
  if (isDivided) {
    const under = terms.map((term, at) =>
      term.under === undefined ? g.fill(1, [sizes[at]]) : values.get(term.under)!,
    );
    row = g.op("Div", [row, g.op("Sqrt", [joinRows(g, under)])]);
  }
  if (isScaled) row = g.op("Mul", [row, spread(g, factors, sizes)]);
  return isMoved ? g.op("Add", [row, spread(g, offsets, sizes)]) : row;
}
