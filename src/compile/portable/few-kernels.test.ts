import { expect, test } from "vitest";
import { runGraph } from "../../../test/support/run-graph.ts";
import { createGraphBuilder, type GraphBuilder } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { randomStream } from "../../tensor/random.ts";
import { float32 } from "../../tensor/tensor.ts";
import { fuseSums } from "./few-kernels.ts";
import { createPortableLowering, portable } from "./lowering.ts";

const SHAPE = [3, 2, 2];
const stream = randomStream(1, "sums");
const normal = (shape: readonly number[]) =>
  float32(
    shape,
    Float32Array.from({ length: shape.reduce((size, extent) => size * extent, 1) }, () => stream.normal()),
  );
const feeds = { x: normal(SHAPE), y: normal(SHAPE), rate: normal([]), decay: normal([1]) };

/** A graph of one output. */
function graphOf(write: (g: GraphBuilder, fed: Readonly<Record<keyof typeof feeds, Value>>) => Value) {
  const g = createGraphBuilder("sums");
  const input = (name: keyof typeof feeds): Value => g.input(name, "float32", feeds[name].shape);
  const fed = { x: input("x"), y: input("y"), rate: input("rate"), decay: input("decay") };
  g.output("z", write(g, fed));
  return g.finish();
}

type Write = Parameters<typeof graphOf>[0];
const times = (g: GraphBuilder, x: Value, factor: number | Value): Value =>
  g.op("Mul", [x, typeof factor === "number" ? g.fill(factor) : factor]);

/** Each with the operators that it is written in. */
const sums: Readonly<Record<string, readonly [Write, readonly string[]]>> = {
  "2x + y": [(g, { x, y }) => g.op("Add", [times(g, x, 2), y]), ["Gemm"]],
  "y + 2x": [(g, { x, y }) => g.op("Add", [y, times(g, x, 2)]), ["Gemm"]],
  "2x − y": [(g, { x, y }) => g.op("Sub", [times(g, x, 2), y]), ["Gemm"]],
  "y − 2x": [(g, { x, y }) => g.op("Sub", [y, times(g, x, 2)]), ["Gemm"]],
  "2x + 3y": [(g, { x, y }) => g.op("Add", [times(g, x, 2), times(g, y, 3)]), ["Gemm"]],
  "2x − 3y": [(g, { x, y }) => g.op("Sub", [times(g, x, 2), times(g, y, 3)]), ["Gemm"]],
  "y − rate·x": [(g, { x, y, rate }) => g.op("Sub", [y, times(g, x, rate)]), ["Gemm"]],
  "rate·x − y": [(g, { x, y, rate }) => g.op("Sub", [times(g, x, rate), y]), ["Gemm"]],
  "rate·x − 3y": [(g, { x, y, rate }) => g.op("Sub", [times(g, x, rate), times(g, y, 3)]), ["Gemm"]],
  "3y − rate·x": [(g, { x, y, rate }) => g.op("Sub", [times(g, y, 3), times(g, x, rate)]), ["Gemm"]],
  "decay·x + rate·y": [
    (g, { x, y, rate, decay }) => g.op("Add", [times(g, x, decay), times(g, y, rate)]),
    ["Mul", "Gemm"],
  ],
  "x + y": [(g, { x, y }) => g.op("Add", [x, y]), ["Add"]],
  "a multiple that is read twice": [
    (g, { x, y }) => {
      const twice = times(g, x, 2);
      return g.op("Mul", [g.op("Add", [twice, y]), twice]);
    },
    ["Mul", "Add", "Mul"],
  ],
  "planes that nothing feeds": [
    (g, { x, y }) => g.op("Add", [times(g, g.op("Relu", [x]), 2), g.op("Relu", [y])]),
    ["Relu", "Mul", "Relu", "Add"],
  ],
  "five scalars": [
    (g, { x, y, rate }) => {
      const squares = [x, y].flatMap((each) =>
        [1, 2].map((factor) => g.op("ReduceSumSquare", [times(g, each, factor)], { keepdims: 0 })),
      );
      return [rate, ...squares].reduce((sum, square) => g.op("Add", [sum, square]));
    },
    [...Array.from({ length: 4 }, () => ["Mul", "ReduceSumSquare"]).flat(), "Concat", "ReduceSum"],
  ],
};

test.each(Object.entries(sums))("%s is what it was, in fewer operators", async (_, [write, operators]) => {
  const graph = graphOf(write);
  const written = fuseSums(graph).nodes.map(({ op }) => op);
  expect(written.filter((op) => op !== "Reshape").toSorted()).toEqual([...operators].toSorted());
  const wanted = (await runGraph(graph, feeds, portable))["z"];
  const actual = (await runGraph(graph, feeds, createPortableLowering({ sums: "fused" })))["z"];
  expect(actual.shape).toEqual(wanted.shape);
  for (const [index, value] of (wanted.data as Float32Array).entries())
    expect(actual.data[index]).toBeCloseTo(value, 5);
});
