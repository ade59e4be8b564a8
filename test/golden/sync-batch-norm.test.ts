import { describe, expect, test } from "vitest";
import { addGradients } from "../../src/autodiff/backward.ts";
import { checkGradient } from "../../src/autodiff/finite-difference.ts";
import type { Lowering } from "../../src/compile/lowering.ts";
import { createPortableLowering } from "../../src/compile/portable/lowering.ts";
import { basicBlock, bottleneck } from "../../src/nn/blocks/index.ts";
import { addForward } from "../../src/nn/forward.ts";
import { crossEntropy } from "../../src/nn/losses.ts";
import { createModel } from "../../src/nn/models.ts";
import type { Module } from "../../src/nn/module.ts";
import { createGraphBuilder } from "../../src/onnx/builder.ts";
import type { Graph } from "../../src/onnx/graph.ts";
import { adamw } from "../../src/optim/adamw.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { createNodeRuntime } from "../../src/runtime/node.ts";
import { float32, int64, type Tensor } from "../../src/tensor/tensor.ts";
import { createMemoryCollectives } from "../../src/train/strategies/collective.ts";
import { dataParallel } from "../../src/train/strategies/data-parallel.ts";
import type { TrainerOptions } from "../../src/train/trainer.ts";
import type { BlockCase } from "../support/block-golden.ts";
import { readGoldenJson, readGoldenTensors, relativeError } from "../support/golden.ts";
import { lowerings } from "../support/lowerings.ts";
import { calmState, noiseState, noiseTensor } from "../support/noise.ts";
import { addParts, joinParts, partOf, runOnRanks } from "../support/run-on-ranks.ts";

/** PyTorch's numbers are those of one batch of all images: its script, version and seeds are in each file. */
interface Case extends BlockCase {
  readonly bottleneck: boolean;
}
/** Those with a batch norm on the shortcut, too. */
const cases = readGoldenJson<{ readonly cases: readonly Case[] }>("blocks.json").cases.filter(
  ({ shortcut, options }) => shortcut === "project" && Object.keys(options).length === 0,
);
const golden = readGoldenTensors("blocks.safetensors");
const BATCH = 4;
/** As for the blocks themselves, see block-golden.ts. */
const LIMIT = 1e-5;
const FLOOR = 0.2;
const DIFFERENCE_LIMIT = 2e-2;

const moduleOf = ({ bottleneck: deep, inChannels, width, stride, shortcut, options }: Case): Module =>
  (deep ? bottleneck : basicBlock)(inChannels, width, { ...options, shortcut, stride });
const floats = (value: Tensor | undefined): Float32Array => value!.data as Float32Array;

/** A block that normalises over several ranks, and the gradients of Σ y·dy. */
function buildBlock(module: Module, inChannels: number, ranks: number, dy: Tensor): Graph {
  const g = createGraphBuilder("block");
  const x = g.input("input", "float32", [BATCH / ranks, inChannels, 7, 6]);
  const pass = addForward(g, module, x, { mode: "train", syncBatchNorm: ranks });
  g.output("y", pass.output);
  for (const [name, value] of pass.bufferUpdates) g.output(`next/${name}`, value);
  const own = g.input("dy", "float32", dy.shape.with(0, BATCH / ranks));
  const loss = g.op("ReduceSum", [g.op("Mul", [pass.output, own])], { keepdims: 0 });
  const targets = new Map([["input", x], ...[...pass.parameters].map(([name, { value }]) => [name, value] as const)]);
  const gradients = addGradients(g, loss, [...targets.values()]);
  [...targets.keys()].forEach((name, index) => g.output(`gradient/${name}`, gradients[index]!));
  return g.finish();
}

interface Share {
  readonly ranks: number;
  readonly state: ReadonlyMap<string, Tensor>;
  readonly lowering: Lowering;
}

/** A block to be trained once on several ranks, with inputs of which some may be moved. */
function prepare(block: Case, { ranks, state, lowering }: Share) {
  const dy = noiseTensor(2000 + block.seed, golden.get(`${block.name}/train`)!.shape);
  const feeds = {
    input: noiseTensor(1000 + block.seed, [BATCH, block.inChannels, 7, 6]),
    ...Object.fromEntries(state),
  };
  const graph = buildBlock(moduleOf(block), block.inChannels, ranks, dy);
  const run = (moved: Readonly<Record<string, Tensor>> = {}) => {
    const { input, ...others } = { ...feeds, ...moved };
    const each = Array.from({ length: ranks }, (_, rank) => ({
      ...others,
      input: partOf(input, rank, ranks),
      dy: partOf(dy, rank, ranks),
    }));
    return runOnRanks(graph, each, lowering);
  };
  return { run, feeds: feeds as Readonly<Record<string, Tensor>>, dy };
}

/** What all ranks' outputs of a name make together: a batch, a sum, or what each of them has. */
function together(name: string, outputs: readonly Readonly<Record<string, Tensor>>[]): Float32Array {
  const parts = outputs.map((output) => output[name]);
  if (name === "y" || name === "gradient/input") return joinParts(parts);
  return name.startsWith("gradient/") ? addParts(parts) : floats(parts[0]);
}

const centered = createPortableLowering({ batchNorm: "centered", batchNormGradient: "centered" });
const shares = [
  ...lowerings.flatMap((lowering) => [2, 4].map((ranks) => [lowering.name, ranks, lowering] as const)),
  ["portable as for devices", 2, centered] as const,
];

describe.each(shares)("%s, batch norms over %i ranks", (_, ranks, lowering) => {
  test.each(cases)(
    "$name ($shortcut, stride $stride, $options) gives PyTorch's numbers of one batch",
    async (block) => {
      const { run } = prepare(block, { ranks, state: noiseState(moduleOf(block), block.seed), lowering });
      const outputs = await run();
      const names = [...golden.keys()].flatMap((key) => {
        const name = key.startsWith(`${block.name}/`) ? key.slice(block.name.length + 1) : "evaluate";
        return name === "evaluate" ? [] : [name];
      });
      expect(names.length).toBe(Object.keys(outputs[0]).length);
      for (const name of names) {
        const expected = floats(golden.get(`${block.name}/${name}`));
        const found = together(name === "train" ? "y" : name, outputs);
        const weight = golden.get(`${block.name}/${name.replace(/bias$/, "weight")}`);
        const floor = name.endsWith("bias") && weight ? 0.1 * Math.max(...floats(weight).map(Math.abs)) : 0;
        expect.soft(relativeError(found, expected, Math.max(FLOOR, floor)), name).toBeLessThan(LIMIT);
        if (!name.startsWith("next/")) continue;
        for (const output of outputs) expect(floats(output[name])).toEqual(floats(outputs[0][name]));
      }
    },
  );
});

describe.each(lowerings)("$name", (lowering) => {
  const basic = cases.find((block) => !block.bottleneck && block.stride > 1)!;
  const deep = cases.find((block) => block.bottleneck && block.stride > 1)!;

  test.each([basic, deep])("$name: the gradients over two ranks are what finite differences measure", async (block) => {
    const state = calmState(moduleOf(block), block.seed, ["fc", "bn0"]);
    const { run, feeds, dy } = prepare(block, { ranks: 2, state, lowering });
    const outputs = await run();
    for (const output of Object.keys(outputs[0]).filter((name) => name.startsWith("gradient/"))) {
      const name = output.slice("gradient/".length);
      const { shape, data } = feeds[name];
      const evaluate = async (moved: Float32Array): Promise<number> => {
        const y = together("y", await run({ [name]: float32(shape, moved) }));
        return y.reduce((sum, value, index) => sum + value * floats(dy)[index], 0);
      };
      const check = await checkGradient(evaluate, data as Float32Array, together(output, outputs), {
        step: 4e-3,
        floor: 1,
      });
      expect
        .soft(check.relativeError, `${name}: ${check.analytic} against ${check.numeric}`)
        .toBeLessThan(DIFFERENCE_LIMIT);
    }
  });

  const { trajectories } = readGoldenJson<{
    readonly trajectories: readonly {
      readonly name: string;
      readonly seed: number;
      readonly losses: readonly number[];
      readonly limit: number;
    }[];
  }>("networks.json");
  const recipes: Readonly<Record<string, Pick<TrainerOptions, "optimizer" | "loss" | "clipNorm"> & { rate: number }>> =
    {
      sgd: { optimizer: sgd({ momentum: 0.9, weightDecay: 5e-4 }), rate: 0.05 },
      "sgd-nesterov-clip-smoothing": {
        optimizer: sgd({ momentum: 0.9, weightDecay: 5e-4, nesterov: true }),
        loss: (g, scores, labels) => crossEntropy(g, scores, labels, { labelSmoothing: 0.1 }),
        clipNorm: 1,
        rate: 0.05,
      },
      adamw: { optimizer: adamw({ weightDecay: 0.05 }), rate: 0.003 },
    };

  test.each(trajectories)(
    "ten steps of $name on two ranks follow PyTorch's losses of one batch",
    async (trajectory) => {
      const { rate, ...options } = recipes[trajectory.name];
      const { module } = createModel("resnet8");
      const ranks = createMemoryCollectives(2).map(async (collective) => {
        const trainer = await dataParallel(collective)({
          runtime: createNodeRuntime(),
          module,
          imageShape: [3, 16, 16],
          batch: 4,
          accumulate: 2,
          syncBatchNorm: 2,
          seed: 0,
          lowering,
          session: { threads: 1 },
          ...options,
        });
        trainer.load(noiseState(module, trajectory.seed), 0);
        for (const [index, expected] of trajectory.losses.slice(0, 10).entries()) {
          const images = partOf(noiseTensor(9000 + (index % 4), [8, 3, 16, 16]), collective.rank, 2);
          const labels = Array.from({ length: 4 }, (_, sample) => (4 * collective.rank + sample + index) % 10);
          const { loss } = await trainer.step({ images, labels: int64([4], labels) }, rate);
          expect.soft(Math.abs(loss - expected), `step ${index}`).toBeLessThan(trajectory.limit);
        }
        await trainer.release();
      });
      await Promise.all(ranks);
    },
  );
});
