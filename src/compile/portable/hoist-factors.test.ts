import { expect, test } from "vitest";
import { runGraph } from "../../../test/support/run-graph.ts";
import { createGraphBuilder, type GraphBuilder } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { float32 } from "../../tensor/tensor.ts";
import { hoistFactors } from "./hoist-factors.ts";
import { portable } from "./lowering.ts";

const feeds = {
  a: float32([2], [3, -4]),
  b: float32([1, 3], [5, 6, 7]),
  v: float32([2], [4, 16]),
  s: float32([1], [8]),
};
type Fed = Readonly<Record<keyof typeof feeds, Value>>;

const minus = (g: GraphBuilder, x: Value, number: number): Value => g.op("Sub", [x, g.fill(number)]);
const times = (g: GraphBuilder, x: Value, number: number): Value => g.op("Mul", [x, g.fill(number)]);
const flat = (g: GraphBuilder, x: Value): Value => g.op("Reshape", [x, g.ints([-1])]);

/** Rows that are joined, the elements that they have, and the operators that they are written in. */
const rows: Readonly<
  Record<string, readonly [(g: GraphBuilder, fed: Fed) => readonly Value[], readonly number[], readonly string[]]>
> = {
  multiples: [(g, { a, b }) => [times(g, a, 2), flat(g, times(g, b, 3))], [6, -8, 15, 18, 21], ["Concat", "Mul"]],
  "a multiple beside a plain value": [(g, { a, s }) => [a, times(g, s, 0.5)], [3, -4, 4], ["Concat", "Mul"]],
  "sums of multiples": [
    (g, { a, b }) => [times(g, minus(g, a, 1), 2), flat(g, minus(g, times(g, b, 2), 1))],
    [4, -10, 9, 11, 13],
    ["Concat", "Mul", "Add"],
  ],
  "a constant that comes first": [
    (g, { a, s }) => [g.op("Mul", [g.fill(2), a]), g.op("Add", [g.fill(1), s])],
    [6, -8, 9],
    ["Concat", "Mul", "Add"],
  ],
  // A constant less a value is none of its multiples that is followed.
  "a value that is subtracted": [(g, { a, s }) => [g.op("Sub", [g.fill(2), a]), s], [-1, 6, 8], ["Sub", "Concat"]],
  "quotients by roots": [
    (g, { a, v, s }) => [times(g, g.op("Div", [a, g.op("Sqrt", [v])]), 10), s],
    [15, -10, 8],
    ["Concat", "Concat", "Sqrt", "Div", "Mul"],
  ],
  "a scalar that is spread": [(g, { s }) => [g.op("Mul", [s, g.fill(2, [3])]), s], [16, 16, 16, 8], ["Mul", "Concat"]],
  "plain values": [(g, { a, s }) => [a, s], [3, -4, 8], ["Concat"]],
};

test.each(Object.entries(rows))("%s are joined with the same elements", async (_, [write, wanted, operators]) => {
  const g = createGraphBuilder("rows");
  const input = (name: keyof typeof feeds): Value => g.input(name, "float32", feeds[name].shape);
  const fed: Fed = { a: input("a"), b: input("b"), v: input("v"), s: input("s") };
  g.output("row", g.op("Concat", write(g, fed), { axis: 0 }));
  const hoisted = hoistFactors(g.finish());
  expect(
    hoisted.nodes
      .map(({ op }) => op)
      .filter((op) => op !== "Reshape")
      .toSorted(),
  ).toEqual(operators.toSorted());
  const { row } = await runGraph(hoisted, feeds, portable);
  expect([...row.data]).toEqual(wanted);
});

test("a multiple that is also wanted by itself stays", async () => {
  const g = createGraphBuilder("rows");
  const a = g.input("a", "float32", [2]);
  const double = times(g, a, 2);
  g.output("row", g.op("Concat", [double, a], { axis: 0 }));
  g.output("double", double);
  const found = await runGraph(hoistFactors(g.finish()), { a: feeds.a }, portable);
  expect([[...found["row"].data], [...found["double"].data]]).toEqual([
    [6, -8, 3, -4],
    [6, -8],
  ]);
});
