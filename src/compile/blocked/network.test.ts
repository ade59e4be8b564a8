import * as fc from "fast-check";
import { expect, test } from "vitest";
import { blockedForThisMachine, expectAgreement, normalTensor } from "../../../test/support/compare-lowerings.ts";
import { basicBlock, bottleneck } from "../../nn/blocks/index.ts";
import { createModel } from "../../nn/models.ts";
import { scale } from "../../optim/optimizer.ts";
import { sgd } from "../../optim/sgd.ts";
import { cellLoss, countCorrectPoints } from "../../tasks/segment/losses.ts";
import { initializeState } from "../../nn/initialization.ts";
import { batchNorm, conv, globalAveragePool, linear, maxPool, relu, sequence } from "../../nn/layers.ts";
import { crossEntropy } from "../../nn/losses.ts";
import type { Module } from "../../nn/module.ts";
import { shortcutTypes } from "../../nn/shortcuts/type.ts";
import { createGraphBuilder } from "../../onnx/builder.ts";
import { createNodeRuntime } from "../../runtime/node.ts";
import { float32, int64, type Tensor } from "../../tensor/tensor.ts";
import { createTrainer } from "../../train/trainer.ts";
import type { Lowering } from "../lowering.ts";
import { portable } from "../portable/lowering.ts";
import { stepNames } from "../step/names.ts";
import { buildGradientStep } from "../step/steps.ts";

const runtime = createNodeRuntime();
const blocked = await blockedForThisMachine(runtime);

const block = fc.record({
  isBottleneck: fc.boolean(),
  width: fc.oneof(fc.integer({ min: 1, max: 24 }), fc.constantFrom(16, 32)),
  stride: fc.constantFrom(1, 1, 2),
  shortcut: fc.constantFrom(...shortcutTypes),
});

const networks = fc.record({
  batch: fc.oneof(fc.integer({ min: 4, max: 20 }), fc.constantFrom(16, 32)),
  extent: fc.integer({ min: 9, max: 20 }),
  stem: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(16, 32)),
  pool: fc.boolean(),
  blocks: fc.array(block, { minLength: 1, maxLength: 3 }),
});
type Plan = typeof networks extends fc.Arbitrary<infer Value> ? Value : never;

function buildNetwork({ stem, pool, blocks }: Plan): Module {
  const modules = [conv(3, stem, { kernel: 3, padding: 1 }), batchNorm(stem), relu()];
  if (pool) modules.push(maxPool({ kernel: 3, stride: 2, padding: 1 }));
  let channels = stem;
  for (const { isBottleneck, width, stride, shortcut } of blocks) {
    // Padding cannot take channels away.
    const out = shortcut === "pad" || shortcut === "plain" ? Math.max(width, channels) : width;
    const make = isBottleneck ? bottleneck : basicBlock;
    modules.push(make(channels, out, { shortcut, stride }));
    channels = isBottleneck ? 4 * out : out;
  }
  return sequence([...modules, globalAveragePool(), linear(channels, 3)]);
}

// A relu within rounding of 0 goes either way: one of 100,000 moves a gradient by 0.3 %. A wrong rewrite moves it by about 100.
const TOLERANCE = 0.02;
// What batch norm cancels, such as the scale before a convolution of one channel, is rounding alone.
const LEAST = 0.05;

test.skipIf(blocked === undefined)(
  "a network's loss, gradients and statistics agree with the portable lowering's, whatever its blocks and shortcuts",
  async () => {
    await fc.assert(
      fc.asyncProperty(networks, async (plan) => {
        const module = buildNetwork(plan);
        const { batch, extent } = plan;
        const imageShape = [3, extent, extent];
        const { graph } = buildGradientStep({ module, imageShape, batch, loss: crossEntropy });
        const state = initializeState(module, 1);
        const feeds = {
          ...Object.fromEntries(state),
          [stepNames.images]: normalTensor(1, "images", [batch, ...imageShape]),
          [stepNames.labels]: int64(
            [batch],
            Array.from({ length: batch }, (_, index) => index % 3),
          ),
        };
        await expectAgreement(runtime, blocked!, graph, feeds, { tolerance: TOLERANCE, least: LEAST });
      }),
      { numRuns: Number(process.env["RUNS"] ?? 15), seed: Number(process.env["SEED"] ?? 1) },
    );
  },
  600_000,
);

test.skipIf(blocked === undefined).each([
  ["resunet", { stemWidth: 16, stemStride: 2 }],
  ["resunet", { stemWidth: 24 }],
  ["attention-resunet", { stemWidth: 16, stemStride: 2, attention: "se" }],
  ["attention-resunet", { stemWidth: 8 }],
] as const)(
  "%s with %j: transposed convolutions, joined and split channels agree with the portable lowering's",
  async (name, options) => {
    const [batch, extent] = [2, 33];
    const { module } = createModel(name, { ...options, channels: 3, classes: 4 });
    const imageShape = [3, extent, extent];
    const { graph } = buildGradientStep({
      module,
      imageShape,
      batch,
      labelShape: [2, extent, extent],
      loss: (g, scores, labels) => cellLoss(g, scores, labels, { scale: 1, loss: { name: "combined" } }),
      correct: countCorrectPoints,
    });
    const labels = Array.from({ length: batch * 2 * extent * extent }, (_, at) => at % 3);
    const feeds = {
      ...Object.fromEntries(initializeState(module, 1)),
      [stepNames.images]: normalTensor(1, "images", [batch, ...imageShape]),
      [stepNames.labels]: int64([batch, 2, extent, extent], labels),
    };
    await expectAgreement(runtime, blocked!, graph, feeds, { tolerance: TOLERANCE, least: LEAST });
  },
  120_000,
);

test.skipIf(blocked === undefined).each([
  ["airbench94", { width: 0.3 }],
  ["airbench94", { width: 0.3, shortcut: "gated", attention: "se" }],
  ["airbench96", { width: 0.25, shortcut: "gated-shortcut", channels: 1 }],
] as const)(
  "%s with %j: functions that are not 0 at 0, over channels that fill no block, agree with the portable lowering's",
  async (name, options) => {
    const { module, options: whole } = createModel(name, options);
    const [batch, imageShape] = [4, [whole.channels, 25, 25]];
    const { graph } = buildGradientStep({ module, imageShape, batch, loss: crossEntropy });
    const feeds = {
      ...Object.fromEntries(initializeState(module, 1)),
      [stepNames.images]: normalTensor(1, "images", [batch, ...imageShape]),
      [stepNames.labels]: int64([batch], [0, 3, 9, 5]),
    };
    await expectAgreement(runtime, blocked!, graph, feeds, { tolerance: TOLERANCE, least: LEAST });
    // GELU's factors are not 0 where a block is filled up, and yet nothing is converted for them.
    const conversions = (activation: "gelu" | "relu"): number => {
      const { module: other } = createModel(name, { ...options, activation });
      const step = buildGradientStep({ module: other, imageShape, batch, loss: crossEntropy });
      const { nodes } = blocked!.lower(step.graph).write();
      return nodes.filter(({ op }) => op.startsWith("Reorder")).length;
    };
    expect(conversions("gelu")).toBe(conversions("relu"));
  },
  120_000,
);

test.skipIf(blocked === undefined).each([
  ["exp of what is left of the largest channel", "Exp", 1, -300],
  ["root of what exceeds the smallest channel", "Sqrt", -1, 300],
] as const)(
  "%s: functions that overflow, or know no negative number, are not taken where a block is filled up",
  async (_, op, sign, offset) => {
    const g = createGraphBuilder("overflow");
    const x = g.input("x", "float32", [2, 16, 6, 6]);
    const bias = g.constant(float32([5], new Float32Array(5).fill(offset)));
    const y = g.op("Conv", [x, g.input("weight", "float32", [5, 16, 1, 1]), bias]);
    // A plane for all channels: where a block is filled up, 0 less its numbers.
    const extreme = g.op("ReduceMax", [scale(g, y, sign), g.ints([1])], { keepdims: 1 });
    const rest = g.op("Sub", [y, scale(g, extreme, sign)]);
    const product = g.op("Mul", [g.op(op, [rest]), y]);
    g.output("z", g.op("Conv", [product, g.input("last", "float32", [16, 5, 3, 3])]));
    const graph = g.finish();
    const feeds = Object.fromEntries(
      graph.inputs.map(({ name, shape }) => [name, normalTensor(1, name, shape as number[])]),
    );
    await expectAgreement(runtime, blocked!, graph, feeds, { tolerance: TOLERANCE, least: LEAST });
  },
);

test.skipIf(blocked === undefined)(
  "a weight of one element is trained as by the portable lowering: in an attention gate between narrow levels, too",
  async () => {
    const { module } = createModel("attention-resunet", { stemWidth: 1, channels: 1, classes: 4 });
    const [batch, extent] = [2, 16];
    const images = normalTensor(1, "images", [batch, 1, extent, extent]) as Tensor<"float32">;
    const labels = int64(
      [batch, 2, extent, extent],
      Array.from({ length: batch * 2 * extent * extent }, (_, at) => at % 3),
    );
    const train = async (lowering: Lowering): Promise<Tensor<"float32">> => {
      const trainer = await createTrainer({
        runtime,
        module,
        imageShape: [1, extent, extent],
        batch,
        labelShape: [2, extent, extent],
        loss: (g, scores, found) => cellLoss(g, scores, found, { scale: 1, loss: { name: "combined" } }),
        correct: countCorrectPoints,
        // Batch norm cancels the scale: without decay the weight would stay as it is.
        optimizer: sgd({ momentum: 0.9, weightDecay: 0.5 }),
        seed: 0,
        lowering,
      });
      try {
        for (let step = 0; step < 3; step++) await trainer.step({ images, labels }, 0.01);
        return (await trainer.state()).get("gate1.psi.0.weight") as Tensor<"float32">;
      } finally {
        await trainer.release();
      }
    };
    const [wanted, found] = [await train(portable), await train(blocked!)];
    expect(found.shape).toEqual([1, 1, 1, 1]);
    expect(found.data[0]).toBeCloseTo(wanted.data[0], 4);
    expect(found.data[0]).not.toBe(initializeState(module, 0).get("gate1.psi.0.weight")!.data[0]);
  },
);
