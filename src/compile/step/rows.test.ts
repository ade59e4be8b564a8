import { expect, test } from "vitest";
import { runGraph } from "../../../test/support/run-graph.ts";
import { createGraphBuilder } from "../../onnx/builder.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { float32 } from "../../tensor/tensor.ts";
import { portable } from "../portable/lowering.ts";
import { groupBy, joinRows, splitRow } from "./rows.ts";

test.each([1, 2, 7, 8, 50, 60])("%i tensors that are joined come apart as they were", async (count) => {
  const shapes = Array.from({ length: count }, (_, index) => (index % 3 === 0 ? [index + 1] : [2, 1 + (index % 5)]));
  let next = 0;
  const feeds = Object.fromEntries(
    shapes.map((shape, index) => [
      `x${index}`,
      float32(
        shape,
        Float32Array.from({ length: sizeOf(shape) }, () => next++),
      ),
    ]),
  );
  const g = createGraphBuilder("rows");
  const row = joinRows(
    g,
    shapes.map((shape, index) => g.input(`x${index}`, "float32", shape)),
  );
  expect(row.shape).toEqual([next]);
  for (const [index, value] of splitRow(g, row, shapes).entries()) g.output(`y${index}`, g.op("Neg", [value]));
  const graph = g.finish();
  // A program of WebGPU takes 8 buffers on every adapter.
  for (const { outputs } of graph.nodes) expect(outputs.length).toBeLessThanOrEqual(7);
  const found = await runGraph(graph, feeds, portable);
  for (const [index, shape] of shapes.entries()) {
    expect(found[`y${index}`].shape).toEqual(shape);
    expect(Array.from(found[`y${index}`].data as Float32Array, (x) => -x)).toEqual([...feeds[`x${index}`].data]);
  }
});

test("groups keep the order of their first members and of their members", () => {
  expect(groupBy(["ant", "bee", "asp", "bug", "cat"], ([letter]) => letter)).toEqual([
    ["ant", "asp"],
    ["bee", "bug"],
    ["cat"],
  ]);
});
