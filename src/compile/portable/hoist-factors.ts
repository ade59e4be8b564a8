import { createGraphBuilder, type GraphBuilder } from "../../onnx/builder.ts";
import type { Graph, Node, Value } from "../../onnx/graph.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { float32 } from "../../tensor/tensor.ts";

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
  const g = createGraphBuilder(graph.name);
  const source: Source = {
    graph,
    makers: new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const))),
  };
  const values = new Map<string, Value>();
  for (const { name, dtype, shape } of graph.inputs) values.set(name, g.input(name, dtype, shape));
  for (const [name, value] of graph.initializers) values.set(name, g.initializer(name, value));
  const write = (node: Node): Value | undefined => {
    if (node.op !== "Concat" || graph.types.get(node.outputs[0])?.shape.length !== 1) return undefined;
    if (graph.types.get(node.outputs[0])!.dtype !== "float32") return undefined;
    const terms = node.inputs.map((name) => readAffine(source, name));
    if (terms.every(({ factor, offset, under }) => factor === 1 && offset === 0 && under === undefined))
      return undefined;
    const sizes = node.inputs.map((name) => sizeIn(source, name));
    const join = (parts: readonly Value[]): Value => {
      const rows = parts.map((value) => (value.shape.length === 1 ? value : g.op("Reshape", [value, g.ints([-1])])));
      return g.op("Concat", rows, { axis: 0 });
    };
    const row = join(terms.map(({ of }) => values.get(of)!));
    const divided = terms.every(({ under }) => under === undefined)
      ? row
      : g.op("Div", [
          row,
          g.op("Sqrt", [
            join(
              terms.map(({ under }, index) => (under === undefined ? g.fill(1, [sizes[index]]) : values.get(under)!)),
            ),
          ]),
        ]);
    const factors = terms.map(({ factor }) => factor);
    const scaled = factors.every((factor) => factor === 1)
      ? divided
      : g.op("Mul", [divided, spread(g, factors, sizes)]);
    const offsets = terms.map(({ offset }) => offset);
    return offsets.every((offset) => offset === 0) ? scaled : g.op("Add", [scaled, spread(g, offsets, sizes)]);
  };
  for (const node of graph.nodes) {
    const hoisted = g.within(node.name, () => write(node));
    const results =
      hoisted === undefined
        ? g.append({ ...node, inputs: node.inputs.map((name) => (name === "" ? "" : values.get(name)!.name)) })
        : [hoisted];
    node.outputs.forEach((name, index) => name !== "" && values.set(name, results[index]));
  }
  for (const output of graph.outputs) g.output(output.name, values.get(output.name)!);
  return g.finish();
}
