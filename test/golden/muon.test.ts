import { describe, expect, test } from "vitest";
import { buildTrainingStep } from "../../src/compile/step/steps.ts";
import { crossEntropy } from "../../src/nn/losses.ts";
import { conv, globalAveragePool, linear, relu, sequential } from "../../src/nn/layers.ts";
import { createModel } from "../../src/nn/models.ts";
import type { Module } from "../../src/nn/module.ts";
import { createGraphBuilder } from "../../src/onnx/builder.ts";
import { muon, orthogonalize } from "../../src/optim/muon.ts";
import { float32 } from "../../src/tensor/tensor.ts";
import { readGoldenJson, relativeError } from "../support/golden.ts";
import { portable } from "../../src/compile/portable/lowering.ts";
import type { Lowering } from "../../src/compile/lowering.ts";
import type { Optimizer } from "../../src/optim/optimizer.ts";
import { lowerings } from "../support/lowerings.ts";
import { uniformNoise } from "../support/noise.ts";
import { scaleInvariantFilters } from "../../src/train/scale-invariant.ts";
import { runGraph } from "../support/run-graph.ts";
import { followLosses } from "../support/trajectory.ts";

const { matrices, trajectories, rate, otherRate, weightDecay } = readGoldenJson<{
  readonly matrices: readonly {
    readonly seed: number;
    readonly shape: readonly [rows: number, columns: number];
    readonly orthogonal: readonly number[];
  }[];
  readonly trajectories: readonly {
    readonly name: string;
    readonly momentum: number;
    readonly nesterov: boolean;
    readonly unitFilters: boolean;
    readonly seed: number;
    readonly losses: readonly number[];
    readonly limit: number;
  }[];
  readonly rate: number;
  readonly otherRate: number;
  readonly weightDecay: number;
}>("muon.json");

/** The losses of steps by the file's rate. */
function follow(
  module: Module,
  options: { readonly optimizer: Optimizer; readonly lowering: Lowering; readonly seed: number },
  steps: number,
): Promise<readonly number[]> {
  const imageShape = [3, 16, 16];
  const filters = scaleInvariantFilters(module, imageShape, () => false);
  const step = buildTrainingStep({
    module,
    imageShape,
    scaleInvariant: (name) => filters.has(name),
    batch: 8,
    loss: (g, scores, labels) => crossEntropy(g, scores, labels),
    optimizer: options.optimizer,
  });
  return followLosses({ step, module, rate, ...options }, steps);
}

/** Channels that no block divides, groups, and a depthwise convolution: each is stored in a layout of its own. */
const uneven = sequential({
  conv1: conv(3, 10, { kernel: 3, padding: 1 }),
  relu1: relu(),
  conv2: conv(10, 6, { kernel: 3, padding: 1, groups: 2 }),
  relu2: relu(),
  conv3: conv(6, 6, { kernel: 3, padding: 1, groups: 6, bias: true }),
  conv4: conv(6, 20, { kernel: 1 }),
  pool: globalAveragePool(),
  fc: linear(20, 10),
});
const unevenLosses = await follow(uneven, { optimizer: muon(), lowering: portable, seed: 3 }, 6);

describe.each(lowerings)("$name", (lowering) => {
  test("filters of every layout are orthogonalised as they are, without padding", async () => {
    const found = await follow(uneven, { optimizer: muon(), lowering, seed: 3 }, 6);
    for (const [index, loss] of found.entries())
      expect(Math.abs(loss - unevenLosses[index]), `step ${index}`).toBeLessThan(1e-5);
    expect(new Set(unevenLosses).size).toBe(6);
  });

  test.each(matrices)("a matrix of $shape is made orthogonal as by PyTorch", async ({ seed, shape, orthogonal }) => {
    const g = createGraphBuilder("orthogonal");
    g.output("result", orthogonalize(g, g.input("matrix", "float32", shape)));
    const matrix = float32(shape, Float32Array.from(uniformNoise(seed, shape[0] * shape[1])));
    const { result } = await runGraph(g.finish(), { matrix }, lowering);
    expect(relativeError(result.data as Float32Array, orthogonal)).toBeLessThan(2e-5);
  });

  test.each(trajectories)(
    "12 steps with $name follow PyTorch's losses",
    async ({ losses, limit, seed, ...options }) => {
      const { momentum, nesterov, unitFilters } = options;
      const optimizer = muon({ momentum, nesterov, unitFilters, weightDecay, otherRate });
      const found = await follow(createModel("resnet8").module, { optimizer, lowering, seed }, losses.length);
      for (const [index, loss] of losses.entries())
        expect.soft(Math.abs(found[index] - loss), `step ${index}`).toBeLessThan(limit);
    },
  );
});
