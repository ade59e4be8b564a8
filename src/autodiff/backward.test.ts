import { expect, test } from "vitest";
import { createGraphBuilder } from "../onnx/builder.ts";
import { int64 } from "../tensor/tensor.ts";
import { addGradients } from "./backward.ts";

test("operators without a gradient rule are named, all of them, with the nodes where they stand", () => {
  const g = createGraphBuilder("test");
  const x = g.input("x", "float32", [4]);
  const first = g.within("stem", () => g.op("ScatterND", [x, g.constant(int64([1, 1], [0])), g.fill(1, [1])]));
  const second = g.op("ReluGradient", [first, first]);
  const loss = g.op("ReduceSum", [second], { keepdims: 0 });
  expect(() => addGradients(g, loss, [x])).toThrow(
    'node "stem/ScatterND": no gradient rule for ScatterND (node "stem/ScatterND"), ReluGradient (node "ReluGradient"); freeze what comes before, or replace them in the model',
  );
});

test("an operator without a gradient rule is no matter where no gradient has to pass", () => {
  const g = createGraphBuilder("test");
  const x = g.input("x", "float32", [4]);
  const w = g.input("w", "float32", [4]);
  const fixed = g.op("ScatterND", [x, g.constant(int64([1, 1], [0])), g.fill(1, [1])]);
  const loss = g.op("ReduceSum", [g.op("Mul", [fixed, w])], { keepdims: 0 });
  expect(addGradients(g, loss, [w])[0]?.shape).toEqual([4]);
});
