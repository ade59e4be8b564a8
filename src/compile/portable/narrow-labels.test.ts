import { expect, test } from "vitest";
import { runGraph } from "../../../test/support/run-graph.ts";
import { countCorrect, crossEntropy } from "../../nn/losses.ts";
import { createGraphBuilder } from "../../onnx/builder.ts";
import { onnxDtypes } from "../../onnx/operators/elementwise.ts";
import { randomStream } from "../../tensor/random.ts";
import { float32, int64 } from "../../tensor/tensor.ts";
import { portableChoices } from "./choices.ts";
import { createPortableLowering, portable } from "./lowering.ts";
import { narrowLabels } from "./narrow-labels.ts";

const narrow = createPortableLowering(portableChoices.webgpu);

/** A loss that smooths and weighs, hits, and sums of labels as they are and taken in reverse, of maps of 2×3 points. */
function labelGraph() {
  const g = createGraphBuilder("labels");
  const scores = g.input("scores", "float32", [4, 5, 2, 3]);
  const labels = g.input("labels", "int64", [4, 2, 3]);
  const reversed = g.op("Gather", [labels, g.ints([3, 2, 1, 0])], { axis: 0 });
  g.output("loss", crossEntropy(g, scores, reversed, { labelSmoothing: 0.1, classWeights: [1, 2, 3, 4, 5] }));
  g.output("hits", countCorrect(g, scores, labels));
  const floats = g.op("Cast", [labels], { to: onnxDtypes.float32 });
  g.output("sum", g.op("ReduceSum", [floats], { keepdims: 0 }));
  // No kernel that takes int32 is known for it here: cast back.
  g.output("double", g.op("Add", [reversed, labels]));
  return g.finish();
}

const stream = randomStream(1, "labels");
const feeds = {
  scores: float32(
    [4, 5, 2, 3],
    Float32Array.from({ length: 120 }, () => stream.normal()),
  ),
  labels: int64(
    [4, 2, 3],
    Array.from({ length: 24 }, () => stream.integer(5)),
  ),
};

test("a graph whose labels are fed as int32 gives what it gave before", async () => {
  const [wanted, actual] = [await runGraph(labelGraph(), feeds, portable), await runGraph(labelGraph(), feeds, narrow)];
  expect(Number(wanted.hits.data[0])).toBeGreaterThan(0);
  expect(actual.hits.data).toEqual(wanted.hits.data);
  expect(actual.sum.data).toEqual(wanted.sum.data);
  expect(actual.double.data).toEqual(wanted.double.data);
  expect(Number(actual.loss.data[0])).toBeCloseTo(Number(wanted.loss.data[0]), 6);
});

test("of several highest scores the first counts, as in ArgMax", async () => {
  const rounded = float32([4, 5, 2, 3], Float32Array.from(feeds.scores.data, Math.round));
  for (const scores of [rounded, float32([4, 5, 2, 3], new Float32Array(120))]) {
    const ties = { ...feeds, scores };
    const wanted = await runGraph(labelGraph(), ties, portable);
    expect((await runGraph(labelGraph(), ties, narrow)).hits.data).toEqual(wanted.hits.data);
    expect(Number(wanted.hits.data[0])).toBeLessThan(24);
  }
});

test("a label that is no class is no hit", async () => {
  const zeros = float32([4, 5, 2, 3], new Float32Array(120));
  for (const scores of [feeds.scores, zeros])
    for (const label of [7, -1, 5]) {
      const none = { scores, labels: int64([4, 2, 3], Array<number>(24).fill(label)) };
      expect((await runGraph(labelGraph(), none, narrow)).hits.data[0], `label ${label}`).toBe(0);
    }
});

test("no operator is left that makes or reads int64, but for what was cast back", () => {
  const { nodes, inputs } = narrowLabels(labelGraph());
  expect(nodes.filter(({ op }) => op === "OneHot" || op === "ArgMax")).toEqual([]);
  expect(inputs.map(({ dtype }) => dtype)).toEqual(["float32", "int32"]);
});
