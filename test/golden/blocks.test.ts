import { describe, expect, test } from "vitest";
import { addGradients } from "../../src/autodiff/backward.ts";
import { basicBlock, bottleneck } from "../../src/nn/blocks/index.ts";
import { addForward } from "../../src/nn/forward.ts";
import type { Mode, Module } from "../../src/nn/module.ts";
import type { ShortcutType } from "../../src/nn/shortcuts/type.ts";
import { createGraphBuilder } from "../../src/onnx/builder.ts";
import type { Graph } from "../../src/onnx/graph.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { readGoldenJson, readGoldenTensors, relativeError } from "../support/golden.ts";
import { lowerings } from "../support/lowerings.ts";
import { noiseState, noiseTensor } from "../support/noise.ts";
import { runGraph } from "../support/run-graph.ts";

interface Case {
  readonly name: string;
  readonly seed: number;
  readonly bottleneck: boolean;
  readonly inChannels: number;
  readonly width: number;
  readonly stride: number;
  readonly shortcut: ShortcutType;
  readonly options: object;
}

const { cases } = readGoldenJson<{ readonly cases: readonly Case[] }>("blocks.json");
const golden = readGoldenTensors("blocks.safetensors");
const LIMIT = 1e-5;
/** A bias before batch norm has no gradient; what rounding leaves of it is compared absolutely. */
const FLOOR = 0.2;

const makeBlock = ({ bottleneck: deep, inChannels, width, stride, shortcut, options }: Case): Module =>
  (deep ? bottleneck : basicBlock)(inChannels, width, { ...options, shortcut, stride });

/** The block; in training mode also the gradients of Σ y·dy. */
function buildBlock(module: Module, inChannels: number, mode: Mode, dy?: Tensor): Graph {
  const g = createGraphBuilder("block");
  const x = g.input("input", "float32", [4, inChannels, 7, 6]);
  const pass = addForward(g, module, x, { mode });
  g.output("y", pass.output);
  for (const [name, value] of pass.bufferUpdates) g.output(`next/${name}`, value);
  if (dy) {
    const loss = g.op("ReduceSum", [g.op("Mul", [pass.output, g.input("dy", "float32", dy.shape)])], { keepdims: 0 });
    const targets = new Map([["input", x], ...[...pass.parameters].map(([name, { value }]) => [name, value] as const)]);
    const gradients = addGradients(g, loss, [...targets.values()]);
    [...targets.keys()].forEach((name, index) => g.output(`gradient/${name}`, gradients[index]!));
  }
  return g.finish();
}

describe.each(lowerings)("$name", (lowering) => {
  test.each(cases)("$name ($shortcut, stride $stride, $options) agrees with PyTorch's", async (block) => {
    const module = makeBlock(block);
    const state = Object.fromEntries(noiseState(module, block.seed));
    const input = noiseTensor(1000 + block.seed, [4, block.inChannels, 7, 6]);
    const expected = (name: string): Tensor => golden.get(`${block.name}/${name}`)!;
    const check = (name: string, actual: Tensor | undefined): void =>
      expect
        .soft(relativeError(actual!.data as Float32Array, expected(name).data as Float32Array, FLOOR), name)
        .toBeLessThan(LIMIT);

    const evaluated = await runGraph(buildBlock(module, block.inChannels, "evaluate"), { input, ...state }, lowering);
    check("evaluate", evaluated["y"]);
    const dy = noiseTensor(2000 + block.seed, expected("train").shape);
    const trained = await runGraph(
      buildBlock(module, block.inChannels, "train", dy),
      { input, dy, ...state },
      lowering,
    );
    check("train", trained["y"]);
    const names = [...golden.keys()].filter(
      (name) => name.startsWith(`${block.name}/gradient/`) || name.startsWith(`${block.name}/next/`),
    );
    for (const name of names) check(name.slice(block.name.length + 1), trained[name.slice(block.name.length + 1)]);
    expect(Object.keys(trained).length).toBe(names.length + 1);
  });
});
