import { expect, test } from "vitest";
import { createGraphBuilder } from "../onnx/builder.ts";
import { encodeModel } from "../onnx/encode.ts";
import type { Graph } from "../onnx/graph.ts";
import { createNodeRuntime } from "../runtime/node.ts";
import { float32 } from "../tensor/tensor.ts";
import { toModel } from "./inference.ts";
import { leaveOutputsInPlace } from "./outputs-in-place.ts";
import { guardUpdates } from "./updates-in-place.ts";

const shape = [64, 32];
const updates = [{ guard: "guard", pairs: [["w", "next"] as const] }];
const filled = (value: number) => float32(shape, new Float32Array(64 * 32).fill(value));
const scalar = (value: number) => float32([], [value]);

/** next = w − step, and the double and the transpose of the old w; in either order. */
function update(isNextFirst: boolean): Graph {
  const g = createGraphBuilder("update");
  const w = g.input("w", "float32", shape);
  const step = g.input("step", "float32", []);
  const outputs = [
    () => {
      g.output("next", g.op("Sub", [w, step]));
      g.output("guard", g.op("Mul", [step, g.fill(1)]));
    },
    () => {
      const flat = g.op("Reshape", [w, g.ints([-1])]);
      g.output("double", g.op("Add", [flat, flat]));
      g.output("turned", g.op("Transpose", [w], { perm: [1, 0] }));
    },
  ];
  for (const add of isNextFirst ? outputs : outputs.toReversed()) add();
  return g.finish();
}

test.each([
  [true, "before"],
  [false, "after"],
])("what reads a tensor reads it before it is written over (next first: %s)", async (isNextFirst) => {
  const guarded = guardUpdates(update(isNextFirst), updates);
  expect(guarded.outputs.map(({ name }) => name)).not.toContain("guard");
  const session = await createNodeRuntime().load(encodeModel(toModel(leaveOutputsInPlace(guarded))), {
    threads: 1,
    overwrites: updates[0].pairs,
    graphOptimization: "disabled",
  });
  const read = async (result: { read(): Promise<{ data: ArrayLike<unknown> }> }) =>
    new Set(Array.from((await result.read()).data));
  const w = filled(3);
  const first = await session.run({ w, step: scalar(1) }, undefined, { next: w });
  expect(new Set(w.data)).toEqual(new Set([2]));
  expect(await read(first.double)).toEqual(new Set([6]));
  expect(await read(first.turned)).toEqual(new Set([3]));
  // A step that is no number is not taken.
  for (const broken of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const left = await session.run({ w: first.next, step: scalar(broken) }, undefined, { next: first.next });
    expect(await read(left.next)).toEqual(new Set([2]));
  }
  expect(new Set(w.data)).toEqual(new Set([2]));
  await session.release();
});

test("a view that the guard needs too is read before its memory is written over", async () => {
  const g = createGraphBuilder("shared-view");
  const w = g.input("w", "float32", shape);
  const flat = g.op("Reshape", [w, g.ints([-1])]);
  g.output("next", g.op("Sub", [w, g.input("step", "float32", [])]));
  g.output("guard", g.op("ReduceSum", [flat], { keepdims: 0 }));
  g.output("double", g.op("Add", [flat, flat]));
  const session = await createNodeRuntime().load(
    encodeModel(toModel(leaveOutputsInPlace(guardUpdates(g.finish(), updates)))),
    { threads: 1, overwrites: updates[0].pairs, graphOptimization: "disabled" },
  );
  const w0 = filled(3);
  const { double } = await session.run({ w: w0, step: scalar(1) }, undefined, { next: w0 });
  expect(new Set((await double.read()).data as Float32Array)).toEqual(new Set([6]));
  expect(new Set(w0.data)).toEqual(new Set([2]));
  await session.release();
});

test("a node that reads a tensor and what replaces it is refused", () => {
  const g = createGraphBuilder("both");
  const w = g.input("w", "float32", shape);
  const next = g.op("Sub", [w, g.fill(1)]);
  g.output("next", next);
  g.output("guard", g.op("ReduceSum", [w], { keepdims: 0 }));
  g.output("change", g.op("Sub", [next, w]));
  expect(() => guardUpdates(g.finish(), updates)).toThrow("guard: guards an update whose result is read together");
});

test("a guard that needs its own update is refused", () => {
  const g = createGraphBuilder("circle");
  const next = g.op("Sub", [g.input("w", "float32", shape), g.fill(1)]);
  g.output("next", next);
  g.output("guard", g.op("ReduceSum", [next], { keepdims: 0 }));
  expect(() => guardUpdates(g.finish(), updates)).toThrow("next: is not made by the update that guard guards");
});
