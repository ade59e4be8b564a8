import { describe, expect, test } from "vitest";
import { addGradients } from "../../src/autodiff/backward.ts";
import { checkGradient } from "../../src/autodiff/finite-difference.ts";
import { addForward, type NoiseInput } from "../../src/nn/forward.ts";
import type { Mode, Module } from "../../src/nn/module.ts";
import type { ShortcutType } from "../../src/nn/shortcuts/type.ts";
import { createGraphBuilder } from "../../src/onnx/builder.ts";
import type { Graph } from "../../src/onnx/graph.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { float32, type Tensor } from "../../src/tensor/tensor.ts";
import { readGoldenJson, readGoldenTensors, relativeError } from "./golden.ts";
import { lowerings } from "./lowerings.ts";
import { calmState, noiseMask, noiseState, noiseTensor } from "./noise.ts";
import { runGraph } from "./run-graph.ts";

/** A block of which PyTorch's numbers are known. */
export interface BlockCase {
  readonly name: string;
  readonly seed: number;
  readonly inChannels: number;
  readonly width: number;
  readonly stride: number;
  readonly shortcut: ShortcutType;
  /** Three times what PyTorch's own float32 misses its float64 by, as far as recorded. */
  readonly limit?: number;
  readonly options: object;
}

const BATCH = 4;
const LIMIT = 1e-5;
const FLOOR = 0.2;
/** A bias before batch norm has no gradient; what rounding leaves of it is compared with this share of its weight's. */
const WEIGHT_SHARE = 0.1;
/** Central differences in float32: truncation and rounding each stay well below this. */
const DIFFERENCE_LIMIT = 2e-2;

interface BuiltBlock {
  readonly graph: Graph;
  readonly noise: ReadonlyMap<string, NoiseInput>;
}

/** The block; in training mode also the gradients of Σ y·dy. */
function buildBlock(module: Module, inChannels: number, mode: Mode, dy?: Tensor): BuiltBlock {
  const g = createGraphBuilder("block");
  const x = g.input("input", "float32", [BATCH, inChannels, 7, 6]);
  const pass = addForward(g, module, x, { mode });
  g.output("y", pass.output);
  for (const [name, value] of pass.bufferUpdates) g.output(`next/${name}`, value);
  if (dy) {
    const loss = g.op("ReduceSum", [g.op("Mul", [pass.output, g.input("dy", "float32", dy.shape)])], { keepdims: 0 });
    const targets = new Map([["input", x], ...[...pass.parameters].map(([name, { value }]) => [name, value] as const)]);
    const gradients = addGradients(g, loss, [...targets.values()]);
    [...targets.keys()].forEach((name, index) => g.output(`gradient/${name}`, gradients[index]!));
  }
  return { graph: g.finish(), noise: pass.noise };
}

interface GoldenBlocks<Case extends BlockCase> {
  readonly cases: readonly Case[];
  readonly tensors: ReadonlyMap<string, Tensor>;
}

function readBlocks<Case extends BlockCase>(file: string): GoldenBlocks<Case> {
  const { cases } = readGoldenJson<{ readonly cases: readonly Case[] }>(`${file}.json`);
  return { cases, tensors: readGoldenTensors(`${file}.safetensors`) };
}

/** The training graph of a block with what it is fed. */
function prepareTraining(
  module: Module,
  { name, seed, inChannels }: BlockCase,
  { tensors, state }: Pick<GoldenBlocks<BlockCase>, "tensors"> & { readonly state: ReadonlyMap<string, Tensor> },
) {
  const dy = noiseTensor(2000 + seed, tensors.get(`${name}/train`)!.shape);
  const { graph, noise } = buildBlock(module, inChannels, "train", dy);
  const masks = Array.from(noise, ([mask, { value, keep }]) => [
    mask,
    noiseMask(seed, mask, value.shape as Shape, keep),
  ]);
  const input = noiseTensor(1000 + seed, [BATCH, inChannels, 7, 6]);
  const feeds: Readonly<Record<string, Tensor>> = {
    input,
    dy,
    ...Object.fromEntries(state),
    ...(Object.fromEntries(masks) as Readonly<Record<string, Tensor>>),
  };
  return { graph, feeds };
}

const floats = (value: Tensor | undefined): Float32Array => value!.data as Float32Array;

/**
 * Expects the blocks of a file of golden values to give PyTorch's outputs, running statistics and gradients, in both lowerings.
 * @param file without its ending
 */
export function expectBlocks<Case extends BlockCase>(file: string, makeBlock: (block: Case) => Module): void {
  const { cases, tensors } = readBlocks<Case>(file);
  describe.each(lowerings)("$name", (lowering) => {
    test.each(cases)("$name ($shortcut, stride $stride, $options) agrees with PyTorch's", async (block) => {
      const module = makeBlock(block);
      const expected = (name: string): Float32Array => floats(tensors.get(`${block.name}/${name}`));
      const floorOf = (name: string): number => {
        const weight = name.replace(/bias$/, "weight");
        if (weight === name || !tensors.has(`${block.name}/${weight}`)) return FLOOR;
        return Math.max(FLOOR, WEIGHT_SHARE * Math.max(...expected(weight).map(Math.abs)));
      };
      const check = (name: string, actual: Tensor | undefined): void =>
        expect
          .soft(relativeError(floats(actual), expected(name), floorOf(name)), name)
          .toBeLessThan(Math.max(block.limit ?? 0, LIMIT));
      const { graph, feeds } = prepareTraining(module, block, { tensors, state: noiseState(module, block.seed) });
      const { graph: inference } = buildBlock(module, block.inChannels, "evaluate");
      check("evaluate", (await runGraph(inference, feeds, lowering))["y"]);
      const trained = await runGraph(graph, feeds, lowering);
      check("train", trained["y"]);
      const names = [...tensors.keys()].filter(
        (name) => name.startsWith(`${block.name}/gradient/`) || name.startsWith(`${block.name}/next/`),
      );
      for (const name of names) check(name.slice(block.name.length + 1), trained[name.slice(block.name.length + 1)]);
      expect(Object.keys(trained).length).toBe(names.length + 1);
    });
  });
}

/** Expects the gradients of blocks to be what finite differences measure, for the input and every parameter. */
export function expectMeasuredGradients<Case extends BlockCase>(
  file: string,
  makeBlock: (block: Case) => Module,
  take: (block: Case) => boolean,
): void {
  const { cases, tensors } = readBlocks<Case>(file);
  test.each(cases.filter(take))(
    "$name ($options): the gradients are what finite differences measure",
    async (block) => {
      const module = makeBlock(block);
      // A step must carry no relu over its kink.
      const { graph, feeds } = prepareTraining(module, block, {
        tensors,
        state: calmState(module, block.seed, ["fc", "bn0"]),
      });
      const results = await runGraph(graph, feeds);
      const dy = floats(feeds["dy"]);
      for (const output of Object.keys(results).filter((name) => name.startsWith("gradient/"))) {
        const name = output.slice("gradient/".length);
        const { shape, data } = feeds[name];
        // In float64: the loss is a sum of thousands of terms, and its differences are small.
        const evaluate = async (moved: Float32Array): Promise<number> => {
          const y = floats((await runGraph(graph, { ...feeds, [name]: float32(shape, moved) }))["y"]);
          return y.reduce((sum, value, index) => sum + value * dy[index], 0);
        };
        const check = await checkGradient(evaluate, data as Float32Array, floats(results[output]), {
          step: 4e-3,
          floor: 1,
        });
        expect
          .soft(check.relativeError, `${name}: ${check.analytic} against ${check.numeric}`)
          .toBeLessThan(DIFFERENCE_LIMIT);
      }
    },
  );
}
