import { describe, expect, test } from "vitest";
import { addGradients } from "../../src/autodiff/backward.ts";
import { classLoss, type SegmentationLoss } from "../../src/tasks/segment/losses.ts";
import { createGraphBuilder } from "../../src/onnx/builder.ts";
import { float32, int64 } from "../../src/tensor/tensor.ts";
import { readGoldenJson, relativeError } from "../support/golden.ts";
import { lowerings } from "../support/lowerings.ts";
import { runGraph } from "../support/run-graph.ts";

interface Golden {
  readonly shape: readonly [number, number, number, number];
  readonly scores: readonly number[];
  readonly labels: readonly number[];
  readonly cases: Readonly<Record<string, { readonly loss: number; readonly gradient: readonly number[] }>>;
}
const golden = readGoldenJson<Golden>("segmentation-losses.json");

const losses: Readonly<Record<string, SegmentationLoss>> = {
  "cross-entropy": { name: "cross-entropy" },
  "cross-entropy with class weights": { name: "cross-entropy", classWeights: [1, 0.5, 2] },
  focal: { name: "focal" },
  dice: { name: "dice" },
  tversky: { name: "tversky" },
  "dice with class weights": { name: "dice", classWeights: [1, 0.5, 2] },
  "tversky with class weights": { name: "tversky", classWeights: [1, 0.5, 2] },
  boundary: { name: "boundary" },
  combined: { name: "combined" },
};

describe.each(lowerings)("$name", (lowering) => {
  test.each(Object.keys(golden.cases))("%s and its gradient are PyTorch's, ignored points among them", async (name) => {
    const g = createGraphBuilder(name);
    const [batch, , ...plane] = golden.shape;
    const scores = g.input("scores", "float32", golden.shape);
    const labels = g.input("labels", "int64", [batch, ...plane]);
    const loss = classLoss(g, scores, labels, losses[name]);
    g.output("loss", loss);
    g.output("gradient", addGradients(g, loss, [scores])[0]!);
    const feeds = { scores: float32(golden.shape, golden.scores), labels: int64([batch, ...plane], golden.labels) };
    const actual = await runGraph(g.finish(), feeds, lowering);
    const wanted = golden.cases[name];
    expect(Number(actual["loss"].data[0])).toBeCloseTo(wanted.loss, 5);
    expect(relativeError(actual["gradient"].data as Float32Array, wanted.gradient)).toBeLessThan(1e-5);
  });
});

test.each(["cross-entropy", "focal", "boundary", "combined", "dice", "tversky"] as const)(
  "%s refuses weights that are not one for each class",
  (name) => {
    const lossOf = (classWeights: readonly number[]): unknown => {
      const g = createGraphBuilder(name);
      const scores = g.input("scores", "float32", [2, 3, 5, 5]);
      return classLoss(g, scores, g.input("labels", "int64", [2, 5, 5]), { name, classWeights });
    };
    expect(() => lossOf([1, 2])).toThrow("classWeights: must be 3 numbers above 0, got 1, 2");
    expect(() => lossOf([1, 2, 0])).toThrow("classWeights: must be 3 numbers above 0, got 1, 2, 0");
  },
);
