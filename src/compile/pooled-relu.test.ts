import { expect, test } from "vitest";
import { runLowered } from "../../test/support/compare-lowerings.ts";
import { createGraphBuilder } from "../onnx/builder.ts";
import type { Graph } from "../onnx/graph.ts";
import { createNodeRuntime } from "../runtime/node.ts";
import { float32 } from "../tensor/tensor.ts";
import { maskPooledGradients } from "./pooled-relu.ts";
import { portable } from "./portable/lowering.ts";

const SHAPE = [1, 1, 4, 6];
const window = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };

/** A relu's input gradient through a max pooling, and the spread gradient too where that is asked for. */
function gradient({ isShared = false, isOther = false } = {}): Graph {
  const g = createGraphBuilder("gradient");
  const y = g.op("Relu", [g.input("x", "float32", SHAPE)]);
  const pooled = g.op("MaxPool", [isOther ? g.op("Mul", [y, g.fill(2)]) : y], window);
  const source = isOther ? g.op("Mul", [y, g.fill(2)]) : y;
  const spread = g.op("MaxPoolGradient", [g.input("dy", "float32", [1, 1, 2, 3]), source, pooled], window);
  g.output("dx", g.op("ReluGradient", [spread, y]));
  if (isShared) g.output("spread", spread);
  return g.finish();
}

const extentOfMask = (graph: Graph): unknown => {
  const node = graph.nodes.find(({ op }) => op === "ReluGradient")!;
  return graph.types.get(node.outputs[0])?.shape ?? graph.outputs.find(({ name }) => name === node.outputs[0])?.shape;
};

test("the gradient of a relu before a max pooling is taken on the pooled planes, with the same result where values are equal, 0 or below", async () => {
  const graph = gradient();
  expect(extentOfMask(graph)).toStrictEqual(SHAPE);
  expect(extentOfMask(maskPooledGradients(graph))).toStrictEqual([1, 1, 2, 3]);
  const x = float32(
    SHAPE,
    Float32Array.of(-1, -2, 3, 3, 0, -1, -1, 0, 3, 1, 0, 0, 5, -4, 1, 2, -1, -3, 5, 5, -1, 2, -1, -7),
  );
  const dy = float32([1, 1, 2, 3], Float32Array.of(1, 2, 4, 8, 16, 32));
  const { dx } = await runLowered(createNodeRuntime(), portable, graph, { x, dy });
  // By hand: the first maximum of each window in row-major order takes its gradient, where it is above 0.
  expect(Array.from(dx.data as Float32Array)).toStrictEqual([
    0, 0, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 32, 0, 0, 0, 16, 0, 0, 0, 0,
  ]);
});

test("it stays where the spread gradient or another value is needed", () => {
  for (const graph of [gradient({ isShared: true }), gradient({ isOther: true })]) {
    expect(maskPooledGradients(graph)).toBe(graph);
  }
});
