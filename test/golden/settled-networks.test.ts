import { describe, expect, test } from "vitest";
import { buildInference } from "../../src/compile/inference.ts";
import { stepNames } from "../../src/compile/step/names.ts";
import { createModel } from "../../src/nn/models.ts";
import type { Module } from "../../src/nn/module.ts";
import { float32, type Tensor } from "../../src/tensor/tensor.ts";
import { readGoldenJson, readGoldenTensors, relativeError } from "../support/golden.ts";
import { lowerings } from "../support/lowerings.ts";
import { noiseState, noiseTensor } from "../support/noise.ts";
import { runGraph } from "../support/run-graph.ts";

interface Case {
  readonly model: string;
  readonly seed: number;
  readonly inputSeed: number;
  readonly batch: number;
  readonly size: number;
  readonly classes: number;
  /** What the last norm of each block is scaled by. */
  readonly lastNorm: number;
}

const LOGITS = 1e-5;
/** Generous: it ends a hang, nothing else. */
const timeout = 600_000;

const { cases } = readGoldenJson<{ readonly cases: readonly Case[] }>("settled-networks.json");
const golden = readGoldenTensors("settled-networks.safetensors");

/** Parameters from noise, running statistics from the file. */
function stateOf(module: Module, { model, seed, lastNorm }: Case): ReadonlyMap<string, Tensor> {
  return new Map(
    Array.from(noiseState(module, seed), ([name, value]) => {
      const scaled = name.endsWith("bn3.weight")
        ? float32(
            value.shape,
            value.data.map((x) => x * lastNorm),
          )
        : value;
      return [name, golden.get(`${model}/state/${name}`) ?? scaled];
    }),
  );
}

/** Noise around a level of its own for each image and channel. */
function imagesOf({ inputSeed, batch, size }: Case): Tensor<"float32"> {
  const levels = noiseTensor(inputSeed + 50, [batch, 3, 1, 1]).data;
  const { shape, data } = noiseTensor(inputSeed, [batch, 3, size, size]);
  return float32(
    shape,
    data.map((value, index) => value + levels[Math.floor(index / size ** 2)]),
  );
}

describe.each(lowerings)("$name", (lowering) => {
  test.each(cases)("$model with statistics that have settled gives PyTorch's logits", { timeout }, async (network) => {
    const { model, classes, size } = network;
    const { module } = createModel(model, { classes });
    const inference = buildInference(module, [3, size, size], stateOf(module, network));
    const evaluated = await runGraph(inference, { images: imagesOf(network) }, lowering);
    const logits = evaluated[stepNames.scores].data as Float32Array;
    expect(relativeError(logits, golden.get(`${model}/evaluate`)!.data as Float32Array)).toBeLessThan(LOGITS);
  });
});
