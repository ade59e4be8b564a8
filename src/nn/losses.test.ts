import { expect, test } from "vitest";
import { runGraph } from "../../test/support/run-graph.ts";
import { createGraphBuilder } from "../onnx/builder.ts";
import { float32, int64 } from "../tensor/tensor.ts";
import { countCorrect, crossEntropy } from "./losses.ts";

test("cross-entropy and hits over maps of scores are those of all points taken as samples", async () => {
  const g = createGraphBuilder("loss");
  const scores = g.input("scores", "float32", [1, 2, 1, 3]);
  const labels = g.input("labels", "int64", [1, 1, 3]);
  g.output("loss", crossEntropy(g, scores, labels));
  g.output("correct", countCorrect(g, scores, labels));
  const result = await runGraph(g.finish(), {
    // Points: (0, ln 3) → probability 3/4 for class 1; (0, 0) → 1/2; (ln 4, 0) → 4/5 for class 0.
    scores: float32([1, 2, 1, 3], [0, 0, Math.log(4), Math.log(3), 0, 0]),
    labels: int64([1, 1, 3], [1, 0, 1]),
  });
  const expected = -(Math.log(3 / 4) + Math.log(1 / 2) + Math.log(1 / 5)) / 3;
  expect((result.loss.data as Float32Array)[0]).toBeCloseTo(expected, 6);
  expect((result.correct.data as Float32Array)[0]).toBe(2);
});
