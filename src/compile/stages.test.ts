import { describe, expect, test } from "vitest";
import { lowerings } from "../../test/support/lowerings.ts";
import { noiseState, noiseTensor } from "../../test/support/noise.ts";
import { crossEntropy } from "../nn/losses.ts";
import { createModel } from "../nn/models.ts";
import { createGraphBuilder } from "../onnx/builder.ts";
import type { Graph } from "../onnx/graph.ts";
import { createNodeRuntime } from "../runtime/node.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { float32, int64, type Tensor } from "../tensor/tensor.ts";
import { createMemoryCollectives } from "../train/strategies/collective.ts";
import { loadStages } from "../train/strategies/staged-session.ts";
import { planStageMemory } from "./stage-memory.ts";
import { cutAtGathers } from "./stages.ts";
import { buildGradientStep } from "./step/steps.ts";

const namesOf = (values: Graph["inputs"]): readonly string[] => values.map(({ name }) => name);

/** y = relu(x) and z = y·mask(y)·scale·mean over the ranks of the sum of y. */
function buildExample(): Graph {
  const g = createGraphBuilder("example");
  const x = g.input("x", "float32", [2, 3]);
  const scale = g.input("scale", "float32", []);
  const y = g.within("first", () => g.op("Relu", [x]));
  const mask = g.within("late", () => g.op("HardSigmoid", [y], { alpha: 1e30, beta: 0 }));
  const sum = g.op("ReduceSum", [y], { keepdims: 0 });
  const all = g.op("GatherRanks", [sum], { ranks: 2 });
  const mean = g.op("ReduceMean", [all], { keepdims: 0 });
  g.output("y", y);
  g.output("z", g.op("Mul", [g.op("Mul", [y, g.op("Mul", [mean, scale])]), mask]));
  return g.finish();
}

const runtime = createNodeRuntime();

test("a graph without exchanges is one stage", () => {
  const g = createGraphBuilder("whole");
  g.output("y", g.op("Add", [g.input("x", "float32", [2]), g.fill(1)]));
  const graph = g.finish();
  const [{ graph: only, gathers }, ...others] = cutAtGathers(graph);
  expect([others, gathers]).toEqual([[], []]);
  expect([only.nodes, namesOf(only.inputs), namesOf(only.outputs)]).toEqual([graph.nodes, ["x"], ["y"]]);
});

test("a graph is cut where ranks exchange values, and nothing is computed before it is needed", () => {
  const [first, second, ...others] = cutAtGathers(buildExample());
  expect(others).toEqual([]);
  const [{ source, result, shape }] = first.gathers;
  expect(shape).toEqual([]);
  expect(first.graph.nodes.map(({ op }) => op)).toEqual(["Relu", "ReduceSum"]);
  expect([namesOf(first.graph.inputs), namesOf(first.graph.outputs)]).toEqual([["x"], ["y", source]]);
  // The mask is made from y, which is there already, and not handed on.
  expect(second.graph.nodes.map(({ op }) => op)).toEqual(["HardSigmoid", "ReduceMean", "Mul", "Mul", "Mul"]);
  expect(namesOf(second.graph.inputs).toSorted()).toEqual([result, "scale", "y"].toSorted());
  expect(namesOf(second.graph.outputs)).toEqual(["z"]);
  expect(second.gathers).toEqual([]);
});

test.each([
  ["in place", runtime],
  ["into new memory", { ...runtime, writesInPlace: false }],
])("ranks run the stages together, %s, again and again", async (_, own) => {
  const graph = buildExample();
  const ys: unknown[] = [];
  const zs = new Map<string, unknown>();
  await Promise.all(
    createMemoryCollectives(2).map(async (collective) => {
      const session = await loadStages(own, graph, collective, { threads: 1 });
      expect([session.inputNames, session.outputNames]).toEqual([
        ["x", "scale"],
        ["y", "z"],
      ]);
      const x = float32(
        [2, 3],
        [1, -2, 3, 0, -1, 2].map((value) => value * (collective.rank + 1)),
      );
      for (const scale of [1, 10]) {
        const { y, z } = await session.run({ x, scale: float32([], [scale]) });
        if (collective.rank === 1) ys.push([...(await y.read()).data]);
        zs.set(`rank ${collective.rank}, times ${scale}`, [...(await z.read()).data]);
      }
      const { z, ...rest } = await session.run({ x, scale: float32([], [0]) }, ["z"]);
      expect([Object.keys(rest), [...(await z.read()).data]]).toEqual([[], [0, 0, 0, 0, 0, 0]]);
      await session.release();
    }),
  );
  expect(ys).toEqual([
    [2, 0, 6, 0, 0, 4],
    [2, 0, 6, 0, 0, 4],
  ]);
  // Sums of 6 and 12: a mean of 9.
  expect(Object.fromEntries(zs)).toEqual({
    "rank 0, times 1": [9, 0, 27, 0, 0, 18],
    "rank 0, times 10": [90, 0, 270, 0, 0, 180],
    "rank 1, times 1": [18, 0, 54, 0, 0, 36],
    "rank 1, times 10": [180, 0, 540, 0, 0, 360],
  });
});

describe.each(lowerings)("a residual network's gradient step, $name", (lowering) => {
  const { module } = createModel("resnet8", { classes: 3 });
  const options = { module, imageShape: [3, 8, 8], batch: 2, loss: crossEntropy };
  const stepOf = (ranks?: number): Graph =>
    lowering.lower(buildGradientStep({ ...options, syncBatchNorm: ranks }).graph).write();

  test("has a stage for each batch norm, forward and backward, and one more", () => {
    // Seven batch norms, none beside another.
    expect(cutAtGathers(stepOf(2))).toHaveLength(2 * 7 + 1);
    expect(cutAtGathers(stepOf())).toHaveLength(1);
  });

  test("every stage is given all that it takes, by earlier ones", () => {
    const graph = stepOf(2);
    const known = new Set(namesOf(graph.inputs));
    for (const stage of cutAtGathers(graph)) {
      for (const name of namesOf(stage.graph.inputs)) expect(known, name).toContain(name);
      for (const name of namesOf(stage.graph.outputs)) known.add(name);
      for (const { source, result } of stage.gathers) {
        expect(namesOf(stage.graph.outputs)).toContain(source);
        known.add(result);
      }
    }
    for (const name of namesOf(graph.outputs)) expect(known, name).toContain(name);
  });

  test("values that are needed at the same time share no memory, and others do", () => {
    const graph = stepOf(2);
    const stages = cutAtGathers(graph);
    const { slots, slotOf } = planStageMemory(stages, new Set(namesOf(graph.outputs)));
    const shapes = new Map(
      stages.flatMap((stage) => stage.graph.outputs.map(({ name, shape }) => [name, shape as Shape])),
    );
    const times = Array.from(slotOf, ([name, slot]) => ({
      name,
      slot,
      made: stages.findIndex((stage) => namesOf(stage.graph.outputs).includes(name)),
      last: stages.findLastIndex((stage) => namesOf(stage.graph.inputs).includes(name)),
    }));
    for (const { name, slot } of times) expect(slots[slot].elements).toBeGreaterThanOrEqual(sizeOf(shapes.get(name)!));
    const clashes = times.flatMap((one, index) =>
      times
        .slice(index + 1)
        .filter(({ slot, made, last }) => slot === one.slot && made <= one.last && one.made <= last),
    );
    expect(clashes).toEqual([]);
    const sum = (sizes: readonly number[]): number => sizes.reduce((a, b) => a + b, 0);
    expect(sum(slots.map(({ elements }) => elements))).toBeLessThan(
      0.9 * sum(times.map(({ name }) => sizeOf(shapes.get(name)!))),
    );
  });

  test("repeats its bits: what a run leaves in memory changes nothing in the next", async () => {
    const { layouts } = lowering.lower(buildGradientStep({ ...options, syncBatchNorm: 1 }).graph);
    const [collective] = createMemoryCollectives(1);
    const session = await loadStages(runtime, stepOf(1), collective, { threads: 1 });
    const run = async (seed: number): Promise<string> => {
      const feeds: Readonly<Record<string, Tensor>> = {
        ...Object.fromEntries(noiseState(module, 3)),
        images: noiseTensor(seed, [2, 3, 8, 8]),
        labels: int64([2], [0, 2]),
      };
      const packed = session.inputNames.map(
        (name) => [name, layouts.get(name)?.pack(feeds[name]) ?? feeds[name]] as const,
      );
      const results = await session.run(Object.fromEntries(packed));
      const read = Object.entries(results).map(async ([name, value]) => [
        name,
        [...((await value.read()).data as Float32Array)],
      ]);
      return JSON.stringify(await Promise.all(read));
    };
    const first = await run(1);
    expect(await run(2)).not.toBe(first);
    expect(await run(1)).toBe(first);
    await session.release();
  });
});
