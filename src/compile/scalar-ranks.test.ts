import { expect, test } from "vitest";
import { createGraphBuilder } from "../onnx/builder.ts";
import type { Graph } from "../onnx/graph.ts";
import { encodeModel } from "../onnx/encode.ts";
import { createNodeRuntime } from "../runtime/node.ts";
import { float32 } from "../tensor/tensor.ts";
import { toModel } from "./inference.ts";
import { matchScalarRanks } from "./scalar-ranks.ts";

/** w·rate − 2·w + v, for a weight of this shape. */
function update(shape: readonly number[]): Graph {
  const g = createGraphBuilder("update");
  const weight = g.input("weight", "float32", shape);
  const rate = g.input("rate", "float32", []);
  const velocity = g.input("velocity", "float32", shape);
  const scaled = g.op("Sub", [g.op("Mul", [weight, rate]), g.op("Mul", [g.fill(2), weight])]);
  g.output("next", g.op("Add", [scaled, velocity]));
  return g.finish();
}

/** Ranks of the operands of every arithmetic node. */
function ranks(graph: Graph): readonly (readonly number[])[] {
  const types = new Map([
    ...graph.inputs.map((input) => [input.name, input.shape] as const),
    ...Array.from(graph.initializers, ([name, { shape }]) => [name, shape] as const),
    ...Array.from(graph.types, ([name, { shape }]) => [name, shape] as const),
  ]);
  return graph.nodes
    .filter((node) => node.op !== "Reshape")
    .map((node) => node.inputs.map((input) => types.get(input)!.length));
}

test("scalars take the axes of a weight that ends in ones, constants and run-time values alike", () => {
  const matched = matchScalarRanks(update([6, 4, 1, 1]));
  expect(ranks(matched)).toStrictEqual([
    [4, 4],
    [4, 4],
    [4, 4],
    [4, 4],
  ]);
  expect(matched.nodes.filter((node) => node.op === "Reshape")).toHaveLength(1);
});

test("scalars beside other shapes stay as they are", () => {
  for (const shape of [[6, 4, 3, 3], [24], [1, 1, 1, 1], []])
    expect(matchScalarRanks(update(shape)).nodes).toStrictEqual(update(shape).nodes);
});

test("the values stay the same", async () => {
  const shape = [6, 4, 1, 1];
  const weight = Float32Array.from({ length: 24 }, (_, index) => Math.sin(index));
  const velocity = Float32Array.from({ length: 24 }, (_, index) => Math.cos(index));
  const runtime = createNodeRuntime();
  const session = await runtime.load(encodeModel(toModel(matchScalarRanks(update(shape)))));
  const { next } = await session.run({
    weight: float32(shape, weight),
    velocity: float32(shape, velocity),
    rate: float32([], Float32Array.of(0.5)),
  });
  const values = await next.read();
  expect(values.shape).toStrictEqual(shape);
  expect(Array.from(values.data as Float32Array)).toStrictEqual(
    Array.from(weight, (w, index) => Math.fround(Math.fround(w * 0.5 - 2 * w) + velocity[index])).map((value) =>
      expect.closeTo(value, 6),
    ),
  );
  await session.release();
});
