import { beforeAll, describe, expect, test } from "vitest";
import { foldBatchNorm } from "../../compile/fold-batch-norm.ts";
import { portable } from "../../compile/portable/lowering.ts";
import { createModel } from "../../nn/models.ts";
import { int64, type Tensor } from "../../tensor/tensor.ts";
import { relativeError } from "../../../test/support/golden.ts";
import { noiseState, noiseTensor } from "../../../test/support/noise.ts";
import { runGraph } from "../../../test/support/run-graph.ts";
import { buildPathGraph, drawPaths, effectiveLength, pathNames, weighPaths } from "./paths.ts";
import {
  allWhole,
  buildBlockedGraph,
  findChains,
  interchangeable,
  isRemovable,
  rewireBlocks,
  withInserted,
  withoutBlocks,
  withSwapped,
} from "./rewire.ts";
import { planLesions, planWish } from "./study.ts";

const SHAPE = [3, 8, 8] as const;
const images = noiseTensor(5, [4, ...SHAPE]);

/** Two blocks a stage: layer1.0, layer1.1 | layer2.0, layer2.1 | layer3.0, layer3.1. */
function blocked(options: Parameters<typeof createModel>[1] = {}, model = "resnet14") {
  const { module } = createModel(model, { classes: 10, ...options });
  const state = noiseState(module, 3);
  return { module, state, network: buildBlockedGraph(module, SHAPE, state) };
}

async function scoresOf(graph: Parameters<typeof runGraph>[0]): Promise<Float32Array> {
  return (await runGraph(graph, { images }))["scores"].data as Float32Array;
}

/** What a removed residual is: the last batch norm with scale and offset 0. */
function silenced(
  state: ReadonlyMap<string, Tensor<"float32">>,
  block: string,
): ReadonlyMap<string, Tensor<"float32">> {
  const zeroed = new Map(state);
  for (const name of [`${block}.bn2.weight`, `${block}.bn2.bias`]) {
    const value = state.get(name)!;
    zeroed.set(name, { ...value, data: new Float32Array(value.data.length) });
  }
  return zeroed;
}

describe("a network of six blocks", () => {
  const { module, state, network } = blocked();
  let whole: Float32Array;
  beforeAll(async () => {
    whole = await scoresOf(network.graph);
  });

  test("its blocks are one chain, and those of one stage that keep the shape may change places", () => {
    expect(findChains(network.blocks)).toEqual([[0, 1, 2, 3, 4, 5]]);
    expect(interchangeable(network)).toEqual([[0, 1]]);
  });

  test("with every block where it was, it gives what it gave", async () => {
    expect(await scoresOf(rewireBlocks(network, allWhole(network.blocks)))).toEqual(whole);
  });

  test.each([0, 1, 2, 5])("without block %i it gives what it gives when that block's residual is 0", async (index) => {
    const expected = buildBlockedGraph(module, SHAPE, silenced(state, network.blocks[index].name));
    const removed = rewireBlocks(network, withoutBlocks(network.blocks, new Set([index])));
    expect(relativeError(await scoresOf(removed), await scoresOf(expected.graph))).toBeLessThan(1e-6);
    expect(relativeError(await scoresOf(foldBatchNorm(removed)), await scoresOf(expected.graph))).toBeLessThan(1e-4);
  });

  test("with two blocks exchanged it gives what it gives when their weights are exchanged", async () => {
    const [a, b] = ["layer1.0.", "layer1.1."];
    const exchanged = new Map(
      Array.from(state, ([name, value]) => {
        const other = name.startsWith(a) ? name.replace(a, b) : name.startsWith(b) ? name.replace(b, a) : name;
        return [name, state.get(other) ?? value] as const;
      }),
    );
    const swapped = rewireBlocks(network, withSwapped(allWhole(network.blocks), 0, 1));
    expect(
      relativeError(await scoresOf(swapped), await scoresOf(buildBlockedGraph(module, SHAPE, exchanged).graph)),
    ).toBeLessThan(1e-6);
  });

  test("with a block put in twice it gives what a deeper network with equal weights there gives", async () => {
    const deep = createModel("resnet20", { classes: 10 }).module;
    // layer1 of three blocks: 0, 0, 1; the other stages keep two and a block whose residual is 0.
    const source = (name: string): string =>
      name
        .replace("layer1.1.", "layer1.0.")
        .replace("layer1.2.", "layer1.1.")
        .replace(/layer([23])\.2\./, "layer$1.1.");
    let deepState: ReadonlyMap<string, Tensor<"float32">> = new Map(
      Array.from(noiseState(deep, 3).keys(), (name) => [
        name,
        state.get(
          name.startsWith("layer1.1.") || name.startsWith("layer1.2.") || /layer[23]\.2\./.test(name)
            ? name.startsWith("layer1.2.")
              ? name.replace("layer1.2.", "layer1.1.")
              : source(name)
            : name,
        )!,
      ]),
    );
    deepState = silenced(silenced(deepState, "layer2.2"), "layer3.2");
    const twice = rewireBlocks(network, withInserted(allWhole(network.blocks), 0, 0));
    expect(
      relativeError(await scoresOf(twice), await scoresOf(buildBlockedGraph(deep, SHAPE, deepState).graph)),
    ).toBeLessThan(1e-5);
  });

  test("a block that changes the shape cannot go elsewhere", () => {
    expect(() => rewireBlocks(network, withSwapped(allWhole(network.blocks), 1, 2))).toThrow("takes a different shape");
    expect(() => planWish(network, { swap: [["layer1.0", "layer2.0"]] })).toThrow("do not have equal shapes");
    expect(() => planWish(network, { reinsert: ["layer2.0"] })).toThrow("changes the shape");
    expect(() => planWish(network, { remove: ["layer9.0"] })).toThrow(
      'there is no block "layer9.0"; must be one of layer1.0,',
    );
  });

  test("the standard study has the whole, each block, sets, exchanges and repetitions, each once", () => {
    const plans = planLesions(network, { draws: 2, limit: 40, seed: 0 });
    expect(plans.filter(({ kind }) => kind === "remove").map(({ blocks }) => blocks[0])).toEqual(
      network.blocks.map(({ name }) => name),
    );
    expect(new Set(plans.map(({ key }) => key)).size).toBe(plans.length);
    expect(new Set(plans.map(({ uses }) => JSON.stringify(uses))).size).toBe(plans.length);
    // Its two blocks that may change places give one exchange, and no further order.
    expect(new Set(plans.map(({ kind }) => kind))).toEqual(
      new Set(["whole", "remove", "remove set", "swap", "reinsert"]),
    );
  });

  test("the gradient through both ways of every block is the network's own", async () => {
    const known = buildBlockedGraph(module, SHAPE, state, 4);
    const graph = buildPathGraph(known, 4);
    const labels = int64([4], [0, 3, 6, 9]);
    const ones = { dtype: "float32", shape: [6, 4], data: new Float32Array(24).fill(1) } as const;
    const run = async (residual: Tensor, shortcut: Tensor): Promise<readonly number[]> => {
      const found = await runGraph(graph, {
        images,
        labels,
        [pathNames.residual]: residual,
        [pathNames.shortcut]: shortcut,
      });
      return Array.from(found[pathNames.norms].data as Float32Array);
    };
    const zero = { ...ones, data: new Float32Array(24) };
    const all = await run(ones, ones);
    expect(all.every((norm) => norm > 0)).toBe(true);
    // No way at all, no gradient; one way each, and each image has its own.
    expect(await run(zero, zero)).toEqual([0, 0, 0, 0]);
    const paths = drawPaths(6, [0, 2, 4, 6], { seed: 1, round: 0 });
    const single = await run(paths.residual, paths.shortcut);
    expect(new Set(single).size).toBe(4);
    expect(
      portable
        .lower(graph)
        .write()
        .outputs.map(({ name }) => name),
    ).toEqual([pathNames.norms]);
  });
});

/** Exchanges that an order takes at least: its places without one for each cycle. */
function fewestExchanges(order: readonly number[]): number {
  const seen = new Set<number>();
  let cycles = 0;
  for (const start of order) {
    if (seen.has(start)) continue;
    cycles++;
    for (let place = start; !seen.has(place); place = order[place]) seen.add(place);
  }
  return order.length - cycles;
}

test("random orders are all different, and none is reached by fewer exchanges than it counts", () => {
  // Blocks of equal shape: 3, 2 and 2, so at most 2 + 1 + 1 exchanges.
  const { network } = blocked({}, "resnet20");
  const orders = planLesions(network, { draws: 6, limit: 200, seed: 0 }).filter(({ kind }) =>
    /swap|shuffle/.test(kind),
  );
  expect(new Set(orders.map(({ count }) => count))).toEqual(new Set([1, 2, 3, 4]));
  for (const { count, uses } of orders) expect(fewestExchanges(uses.map(({ block }) => block))).toBe(count);
  expect(new Set(orders.map(({ uses }) => JSON.stringify(uses))).size).toBe(orders.length);
  // By hand: 3 + 1 + 1 single exchanges; only the 2 cycles of three, each with both other exchanges, take all 4.
  expect([1, 4].map((wanted) => orders.filter(({ count }) => count === wanted).length)).toEqual([5, 2]);
});

test("a plain network loses only blocks that keep the shape", () => {
  const { network } = blocked({ shortcut: "plain" });
  expect(network.blocks.map((block) => isRemovable(network.graph, block))).toEqual([
    true,
    true,
    false,
    true,
    false,
    true,
  ]);
});

test.each(["pad", "project-all", "scaled", "gated", "gated-shortcut"] as const)(
  "%s: without its residual a block is its shortcut",
  async (shortcut) => {
    const { network } = blocked({ shortcut }, "resnet8");
    const removed = await scoresOf(rewireBlocks(network, withoutBlocks(network.blocks, new Set([0]))));
    const whole = await scoresOf(network.graph);
    expect(relativeError(removed, whole)).toBeGreaterThan(1e-4);
  },
);

test("paths follow the binomial law: of 3 blocks 1, 3, 3 and 1 of 8", () => {
  const paths = weighPaths([1, 1, 1, 1]);
  expect(paths.map(({ share }) => share)).toEqual(
    [0.125, 0.375, 0.375, 0.125].map((value) => expect.closeTo(value, 12)),
  );
  expect(paths.map(({ contribution }) => contribution)).toEqual(paths.map(({ share }) => expect.closeTo(share, 12)));
});

test("what comes through paths that halve with each residual is again binomial, with a third", () => {
  // C(n,k)·2⁻ᵏ / (3/2)ⁿ is the law of n trials with success 1/3; for n = 3: 8/27, 12/27, 6/27, 1/27.
  const paths = weighPaths([1, 0.5, 0.25, 0.125]);
  expect(paths.map(({ contribution }) => contribution)).toEqual(
    [8, 12, 6, 1].map((value) => expect.closeTo(value / 27, 12)),
  );
  expect(effectiveLength(paths, 0.7)).toBe(1);
  expect(effectiveLength(paths, 0.95)).toBe(2);
});

test("a drawn path goes through the wanted number of residuals and the shortcuts of the others", () => {
  const { residual, shortcut } = drawPaths(5, [0, 2, 5], { seed: 3, round: 1 });
  const column = (values: Float32Array, sample: number): number =>
    [0, 1, 2, 3, 4].reduce((sum, block) => sum + values[block * 3 + sample], 0);
  expect([0, 1, 2].map((sample) => column(residual.data, sample))).toEqual([0, 2, 5]);
  expect([0, 1, 2].map((sample) => column(shortcut.data, sample))).toEqual([5, 3, 0]);
});
