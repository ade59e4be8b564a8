import { expect, test } from "vitest";
import { toModel } from "../compile/inference.ts";
import { leaveOutputsInPlace, UNRETURNED } from "../compile/outputs-in-place.ts";
import { createGraphBuilder } from "../onnx/builder.ts";
import { encodeModel } from "../onnx/encode.ts";
import type { Graph } from "../onnx/graph.ts";
import { float32, int64 } from "../tensor/tensor.ts";
import { createNodeRuntime } from "./node.ts";
import type { Session } from "./runtime.ts";

const EXTENT = 512;
const shape = [EXTENT, EXTENT];

/** next = w · rate, and the mean of w. */
function shrink(extents: readonly (number | string)[] = shape): Graph {
  const g = createGraphBuilder("shrink");
  const w = g.input("w", "float32", extents);
  g.output("next", g.op("Mul", [w, g.input("rate", "float32", [])]));
  g.output("mean", g.op("ReduceMean", [w], { keepdims: 0 }));
  return g.finish();
}

async function withSession(graph: Graph, body: (session: Session) => Promise<void>): Promise<void> {
  const session = await createNodeRuntime().load(encodeModel(toModel(graph)), { threads: 1 });
  try {
    await body(session);
  } finally {
    await session.release();
  }
}

const ones = float32(shape, new Float32Array(EXTENT * EXTENT).fill(1));
const rate = (value: number) => float32([], Float32Array.of(value));

test("outputs are written into the results of an earlier run, and these alone come back", async () => {
  await withSession(leaveOutputsInPlace(shrink()), async (session) => {
    expect(session.outputNames).toStrictEqual(["next", "mean"]);
    const first = await session.run({ w: ones, rate: rate(0.5) });
    const before = process.memoryUsage().arrayBuffers;
    const second = await session.run({ w: first.next, rate: rate(0.5) });
    const third = await session.run({ w: second.next, rate: rate(0.5) }, undefined, { next: first.next });
    expect(third.next).toBe(first.next);
    const { data } = await third.next.read();
    expect([data[0], data.at(-1)]).toStrictEqual([0.125, 0.125]);
    expect((await third.mean.read()).data[0]).toBe(0.25);
    // The second run's result is all that is new: a copy of the third's would be as large again.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1.5 * ones.data.byteLength);
  });
});

test("what an output cannot be written into is named", async () => {
  await withSession(leaveOutputsInPlace(shrink()), async (session) => {
    const { next, mean } = await session.run({ w: ones, rate: rate(0.5) });
    await expect(session.run({ w: next, rate: rate(0.5) }, undefined, { next })).rejects.toThrow(
      'output "next": cannot be written into an input of the same run',
    );
    await expect(session.run({ w: ones, rate: rate(0.5) }, undefined, { next: mean })).rejects.toThrow(
      'output "next": cannot be written into float32 []; must be float32 [512,512]',
    );
  });
});

test("a run that fails is still reported", async () => {
  const g = createGraphBuilder("pick");
  const rows = g.op("Gather", [g.input("w", "float32", shape), g.input("index", "int64", [1])], { axis: 0 });
  g.output("row", rows);
  await withSession(leaveOutputsInPlace(g.finish()), async (session) => {
    await expect(session.run({ w: ones, index: int64([1], [EXTENT]) })).rejects.toThrow(/^run: ONNX Runtime refused/);
    const { row } = await session.run({ w: ones, index: int64([1], [EXTENT - 1]) });
    expect((await row.read()).data[0]).toBe(1);
  });
});

test("a graph with an open extent keeps its outputs", () => {
  const open = shrink(["N", EXTENT]);
  expect(leaveOutputsInPlace(open)).toBe(open);
  expect(leaveOutputsInPlace(shrink()).outputs[0].name).toBe(UNRETURNED);
});
