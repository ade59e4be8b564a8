import * as fc from "fast-check";
import { expect, test } from "vitest";
import { blockedForThisMachine, runLowered } from "../../../test/support/compare-lowerings.ts";
import { createGraphBuilder } from "../../onnx/builder.ts";
import type { Graph } from "../../onnx/graph.ts";
import { createNodeRuntime } from "../../runtime/node.ts";
import { randomStream } from "../../tensor/random.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { float32, type Tensor } from "../../tensor/tensor.ts";
import { portable } from "../portable/lowering.ts";

const runtime = createNodeRuntime();
const blocked = await blockedForThisMachine(runtime);

const axis = fc.record({
  half: fc.integer({ min: 2, max: 7 }),
  odd: fc.constantFrom(0, 0, 0, 1),
  kernel: fc.constantFrom(2, 3),
  begin: fc.constantFrom(0, 1),
  stride: fc.constantFrom(2, 2, 2, 1),
});
const pooling = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  channels: fc.constantFrom(1, 5, 16, 20),
  axes: fc.tuple(axis, axis),
  isRelu: fc.boolean(),
});
type Pooling = typeof pooling extends fc.Arbitrary<infer Value> ? Value : never;

/** The gradient of max pooling over a convolution, or over its relu. */
function gradientOf({ batch, channels, axes, isRelu }: Pooling): Graph {
  const g = createGraphBuilder("gradient");
  const extents = axes.map(({ half, odd }) => 2 * half + odd);
  const window = {
    kernel_shape: axes.map(({ kernel }) => kernel),
    strides: axes.map(({ stride }) => stride),
    pads: [...axes.map(({ begin }) => begin), ...axes.map(({ kernel, begin }) => (kernel === 3 ? begin : 0))],
  };
  const weight = g.input("weight", "float32", [channels, channels, 1, 1]);
  const made = g.op("Conv", [g.input("x", "float32", [batch, channels, ...extents]), weight]);
  const x = isRelu ? g.op("Relu", [made]) : made;
  const y = g.op("MaxPool", [x], window);
  const dx = g.op("MaxPoolGradient", [g.input("dy", "float32", y.shape as Shape), x, y], window);
  g.output("dx", isRelu ? g.op("ReluGradient", [dx, x]) : dx);
  return g.finish();
}

/** Whole numbers, so that sums are exact in any order and many values are equal. */
function wholeNumbers(name: string, shape: Shape, most: number): Tensor {
  const stream = randomStream(0, name);
  return float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => Math.floor(stream.uniform() * (2 * most + 1)) - most),
  );
}

function feedsOf(graph: Graph): Record<string, Tensor> {
  return Object.fromEntries(
    graph.inputs.map(({ name, shape }) => [name, wholeNumbers(name, shape as Shape, name === "dy" ? 100 : 1)]),
  );
}

test.runIf(blocked)(
  "of equal values the first takes the gradient, as in the portable lowering, whatever the window",
  { timeout: 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(pooling, async (plan) => {
        const graph = gradientOf(plan);
        const feeds = feedsOf(graph);
        const { dx } = await runLowered(runtime, blocked!, graph, feeds);
        const { dx: wanted } = await runLowered(runtime, portable, graph, feeds);
        // −0 from a product with 0 is 0.
        expect(Array.from(dx.data as Float32Array, (value) => value + 0)).toStrictEqual(
          Array.from(wanted.data as Float32Array, (value) => value + 0),
        );
      }),
      { numRuns: 60, seed: 1 },
    );
  },
);

test.runIf(blocked)("windows of 2×2, and of 3×3 over a relu, need no search for places", () => {
  const square = (kernel: number, begin: number) => ({ half: 4, odd: 0, kernel, begin, stride: 2 });
  const searches = (kernel: number, begin: number, isRelu: boolean): boolean => {
    const axes: [ReturnType<typeof square>, ReturnType<typeof square>] = [square(kernel, begin), square(kernel, begin)];
    const graph = gradientOf({ batch: 2, channels: 16, axes, isRelu });
    return blocked!
      .lower(graph)
      .write()
      .nodes.some(({ op }) => op === "ScatterND");
  };
  expect(searches(2, 0, false)).toBe(false);
  expect(searches(3, 1, true)).toBe(false);
  // A negative maximum would lose against the zeros of the padding.
  expect(searches(3, 1, false)).toBe(true);
});
