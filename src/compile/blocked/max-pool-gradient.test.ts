import * as fc from "fast-check";
import { expect, test } from "vitest";
import { blockedForThisMachine, runLowered } from "../../../test/support/compare-lowerings.ts";
import { createGraphBuilder } from "../../onnx/builder.ts";
import type { Graph } from "../../onnx/graph.ts";
import { createNodeRuntime } from "../../runtime/node.ts";
import { randomStream } from "../../tensor/random.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { float32, type Tensor } from "../../tensor/tensor.ts";
import type { Lowering } from "../lowering.ts";
import { portable, portableRewrites } from "../portable/lowering.ts";
import { rewriteGraph } from "../rewrite.ts";

const runtime = createNodeRuntime();
const blocked = await blockedForThisMachine(runtime);

/** A pooling's window along one axis, and whether the axis has an odd extent. */
interface Window {
  readonly kernel: number;
  readonly begin: number;
  readonly stride: number;
  readonly odd: number;
}

interface Axis {
  readonly window: Window;
  /** Half of the extent, rounded down. */
  readonly half: number;
  /** Padding behind. */
  readonly end: number;
}

/** Mostly windows that are compared place by place, with others among them. */
const axis: fc.Arbitrary<Window> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kernel: fc.constant(2),
      begin: fc.constant(0),
      stride: fc.constant(2),
      odd: fc.constantFrom(0, 1),
    }),
  },
  { weight: 5, arbitrary: fc.constant({ kernel: 3, begin: 1, stride: 2, odd: 0 }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kernel: fc.constantFrom(2, 3),
      begin: fc.constantFrom(0, 1),
      stride: fc.constantFrom(1, 2, 3),
      odd: fc.constantFrom(0, 1),
    }),
  },
);
const sized: fc.Arbitrary<Axis> = fc.record({
  window: axis,
  half: fc.integer({ min: 1, max: 7 }),
  end: fc.constantFrom(0, 1),
});
const pooling = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  channels: fc.constantFrom(1, 5, 16, 20),
  axes: fc.tuple(sized, sized),
  isRelu: fc.constantFrom(true, true, false),
});
type Pooling = typeof pooling extends fc.Arbitrary<infer Value> ? Value : never;

/** The gradient of max pooling over a convolution, or over its relu. */
function gradientOf({ batch, channels, axes, isRelu }: Pooling): Graph {
  const g = createGraphBuilder("gradient");
  const extents = axes.map(({ window, half }) => 2 * half + window.odd);
  const window = {
    kernel_shape: axes.map((each) => each.window.kernel),
    strides: axes.map((each) => each.window.stride),
    pads: [...axes.map((each) => each.window.begin), ...axes.map(({ end }) => end)],
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

const fits = ({ axes }: Pooling): boolean =>
  axes.every(({ window, half, end }) => window.kernel <= 2 * half + window.odd + window.begin + end);

/** Every operator for itself: neither takes a relu's gradient before a pooling's. */
const asWritten: Lowering = {
  name: "portable",
  isFinal: false,
  lower: (graph) => ({ write: () => rewriteGraph(graph, portableRewrites), layouts: new Map() }),
};

const looksForPlaces = (graph: Graph): boolean =>
  blocked!
    .lower(graph)
    .write()
    .nodes.some(({ op }) => op === "ScatterND");

test.runIf(blocked)(
  "of equal values the first takes the gradient, in every lowering, whatever the window",
  { timeout: 60_000 },
  async () => {
    const compared = { pairs: 0, overlapping: 0 };
    await fc.assert(
      fc.asyncProperty(pooling.filter(fits), async (plan) => {
        const graph = gradientOf(plan);
        const feeds = feedsOf(graph);
        if (!looksForPlaces(graph))
          compared[plan.axes.some((each) => each.window.kernel === 3) ? "overlapping" : "pairs"]++;
        const [{ dx: wanted }, ...actual] = await Promise.all(
          [asWritten, portable, blocked!].map((lowering) => runLowered(runtime, lowering, graph, feeds)),
        );
        // −0 from a product with 0 is 0.
        const numbers = ({ data }: Tensor) => Array.from(data as Float32Array, (value) => value + 0);
        for (const { dx } of actual) expect(numbers(dx)).toStrictEqual(numbers(wanted));
      }),
      { numRuns: 100, seed: 1 },
    );
    expect(compared.pairs).toBeGreaterThan(5);
    expect(compared.overlapping).toBeGreaterThan(20);
  },
);

test.runIf(blocked)("windows of 2×2, and of 3×3 over a relu, need no search for places", () => {
  const searches = (kernel: number, begin: number, isRelu: boolean, odd = 0): boolean => {
    const square = { window: { kernel, begin, stride: 2, odd }, half: 4, end: 0 };
    return looksForPlaces(gradientOf({ batch: 2, channels: 16, axes: [square, square], isRelu }));
  };
  expect(searches(2, 0, false)).toBe(false);
  expect(searches(2, 0, false, 1)).toBe(false);
  expect(searches(3, 1, true)).toBe(false);
  // A negative maximum would lose against the zeros of the padding.
  expect(searches(3, 1, false)).toBe(true);
});
