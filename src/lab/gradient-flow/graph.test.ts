import { describe, expect, test } from "vitest";
import { crossEntropy } from "../../nn/losses.ts";
import { createModel } from "../../nn/models.ts";
import type { Module } from "../../nn/module.ts";
import type { ShortcutType } from "../../nn/shortcuts/type.ts";
import { float32, int64, type Tensor } from "../../tensor/tensor.ts";
import { readGoldenJson } from "../../../test/support/golden.ts";
import { noiseState, noiseTensor } from "../../../test/support/noise.ts";
import { runGraph } from "../../../test/support/run-graph.ts";
import { readScalars } from "../scalars.ts";
import { buildFlowGraph, FLOW } from "./graph.ts";
import { endRatio, type FlowProfile, readProfile } from "./profile.ts";
import { judgeFlow } from "./verdict.ts";

interface Start {
  readonly shortcut: ShortcutType;
  readonly seed: number;
  readonly inputSeed: number;
  /** Norm of the loss's gradient by the first layer's weight over that by the last's. */
  readonly ratio: number;
}

interface Case extends Start {
  readonly loss: number;
  readonly layers: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly blocks: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Made by PyTorch in float64: test/golden/gradient-flow.py. */
const golden = readGoldenJson<{
  readonly depth: number;
  readonly batch: number;
  readonly size: number;
  readonly classes: number;
  readonly cases: readonly Case[];
  /** As networks are before any training: batch norms 1 and 0, biases 0. */
  readonly starts: readonly Start[];
}>("gradient-flow.json");

const quantities = ["gradientIn", "gradientOut", "residual", "shortcut", "cosine"] as const;

/** The weights of noise.ts, of which an initialisation leaves those of the convolutions and of the classifier. */
function startState(module: Module, seed: number): ReadonlyMap<string, Tensor<"float32">> {
  const begin = (name: string, value: Tensor<"float32">): Tensor<"float32"> =>
    value.shape.length > 1
      ? value
      : float32(value.shape, new Float32Array(value.data.length).fill(/weight$|running_var$/.test(name) ? 1 : 0));
  return new Map(Array.from(noiseState(module, seed), ([name, value]) => [name, begin(name, value)]));
}

async function measure({ shortcut, seed, inputSeed }: Start, stateOf = noiseState): Promise<FlowProfile> {
  const { depth, batch, size, classes } = golden;
  const { module } = createModel(`resnet${depth}`, { shortcut, classes });
  const flow = buildFlowGraph({ module, imageShape: [3, size, size], batch, loss: crossEntropy });
  const labels = Array.from({ length: batch }, (_, index) => (index * 7) % classes);
  const results = await runGraph(flow.graph, {
    ...Object.fromEntries(stateOf(module, seed)),
    images: noiseTensor(inputSeed, [batch, 3, size, size]),
    labels: int64([batch], labels),
  });
  return readProfile(flow, 0, readScalars(flow.names, results[FLOW].data as Float32Array));
}

describe.each(golden.cases)("56 layers, $shortcut", (expected) => {
  const profile = measure(expected);

  test("the ratio of the first to the last layer's gradient norm is PyTorch's within 1 %", async () => {
    expect(Math.abs(endRatio(await profile) / expected.ratio - 1)).toBeLessThan(0.01);
  });

  test("every layer's gradient norm and activation statistics are PyTorch's", async () => {
    const { layers, loss } = await profile;
    // Rounding in float32 is amplified by the plain network as its gradients are.
    expect(loss).toBeCloseTo(expected.loss, 3);
    for (const [name, wanted] of Object.entries(expected.layers)) {
      const found = layers.find(({ layer }) => layer === name)!;
      expect(Math.abs(found.gradient / wanted["gradient"] - 1), name).toBeLessThan(0.01);
      for (const quantity of ["mean", "variance", "dead", "zeros"] as const)
        expect(found[quantity], `${name} ${quantity}`).toBeCloseTo(wanted[quantity], 2);
    }
    expect(layers).toHaveLength(expected.shortcut === "plain" ? 56 : 58);
  });

  test("every block's gradients, F, S and cosine are PyTorch's", async () => {
    const { blocks } = await profile;
    expect(blocks.map(({ block }) => block)).toEqual(Object.keys(expected.blocks));
    for (const row of blocks) {
      const wanted = expected.blocks[row.block];
      const found = quantities.filter((quantity) => row[quantity] !== undefined);
      expect(found).toEqual(quantities.filter((quantity) => wanted[quantity] !== undefined));
      for (const quantity of found)
        expect(Math.abs(row[quantity]! / wanted[quantity] - 1), `${row.block} ${quantity}`).toBeLessThan(0.02);
    }
  });

  test("the plain network is said to explode, the residual one to be steady", async () => {
    expect(judgeFlow(await profile)?.kind).toBe(expected.shortcut === "plain" ? "exploding" : "steady");
  });
});

test.each(golden.starts)(
  "56 layers, $shortcut, at initialisation: the ratio of first to last is PyTorch's within 1 %",
  async (expected) => {
    const profile = await measure(expected, startState);
    expect(Math.abs(endRatio(profile) / expected.ratio - 1)).toBeLessThan(0.01);
  },
);
