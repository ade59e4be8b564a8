import { expect, test } from "vitest";
import { globalAveragePool, linear, relu, sequential } from "../nn/layers.ts";
import { adamw } from "../optim/adamw.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { sgd } from "../optim/sgd.ts";
import { createNodeRuntime } from "../runtime/node.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { float32 } from "../tensor/tensor.ts";
import { brightRows, expectOwnState, hashState, wideNetwork, withTrainer } from "../../test/support/training.ts";
import { compileStep } from "./compiled-step.ts";
import { chooseLowering } from "./lowering.ts";
import { DivergenceError, type TrainerOptions } from "./trainer.ts";

const module = wideNetwork(2, 3);
const imageShape = [2, 8, 8];
const batch = 4;
const runtime = createNodeRuntime();
/** Returns new tensors from every step. */
const copying: Runtime = { ...runtime, writesInPlace: false };
const { lowering: fastest } = await chooseLowering(runtime, "auto");
const { lowering: portable } = await chooseLowering(runtime, "portable");
const base: TrainerOptions = { runtime, module, imageShape, batch, optimizer: sgd(), seed: 1, session: { threads: 1 } };

const optimizers: readonly (readonly [string, Optimizer, Partial<TrainerOptions>])[] = [
  ["SGD", sgd({ momentum: 0.9, weightDecay: 1e-3 }), {}],
  ["SGD without momentum", sgd({ momentum: 0 }), {}],
  ["AdamW with averages, clipped", adamw(), { average: 0.9, clipNorm: 0.5 }],
  ["Nesterov, two batches a step", sgd({ nesterov: true }), { accumulate: 2 }],
];

const batchOf = (step: number, accumulate = 1) => brightRows(step, batch * accumulate, imageShape);

test.each(optimizers)(
  "%s updates large parameters in place to the same bits as elsewhere",
  async (_, optimizer, more) => {
    for (const lowering of [fastest, portable]) {
      const [there, elsewhere] = await Promise.all(
        [runtime, copying].map((each) =>
          withTrainer({ ...base, ...more, optimizer, lowering, runtime: each }, async (trainer) => {
            for (let step = 0; step < 3; step++) await trainer.step(batchOf(step, more.accumulate), 0.05);
            return hashState(await trainer.state());
          }),
        ),
      );
      expect(there, lowering.name).toBe(elsewhere);
    }
  },
);

test("only large parameters are updated in place, with a lowering that the runtime does not rewrite", async () => {
  for (const lowering of [fastest, portable]) {
    const { session, inPlace } = await compileStep({ runtime, module, imageShape, batch, optimizer: sgd(), lowering });
    await session.release();
    expect([...inPlace.keys()]).toEqual(lowering.isFinal ? ["wide.weight", "momentum/wide.weight"] : []);
  }
});

test("weights of products, whose turned views the way back reads, are updated after it", async () => {
  const perceptron = sequential({
    pool: globalAveragePool(),
    first: linear(2, 256),
    relu: relu(),
    second: linear(256, 512),
    third: linear(512, 256),
    fc: linear(256, 3),
  });
  for (const lowering of [fastest, portable]) {
    const hashes = await Promise.all(
      [runtime, copying].map((each) =>
        withTrainer({ ...base, module: perceptron, lowering, runtime: each }, async (trainer) => {
          for (let step = 0; step < 3; step++) await trainer.step(batchOf(step), 0.05);
          return hashState(await trainer.state());
        }),
      ),
    );
    expect(hashes[0], lowering.name).toBe(hashes[1]);
  }
});

test("what was loaded is not written over, nor what was read", async () => {
  await withTrainer({ ...base, lowering: portable }, async (trainer) => {
    await expectOwnState(trainer, batchOf);
  });
});

test.each([
  ["at the first step", 0],
  ["later", 2],
])("a step whose loss is no number leaves large parameters as they were, %s", async (_, before) => {
  for (const lowering of [fastest, portable]) {
    await withTrainer({ ...base, lowering }, async (trainer) => {
      for (let step = 0; step < before; step++) await trainer.step(batchOf(step), 0.05);
      const hash = hashState(await trainer.state());
      const { images, labels } = batchOf(9);
      const broken = {
        images: float32(
          images.shape,
          images.data.map(() => Number.NaN),
        ),
        labels,
      };
      await expect(trainer.step(broken, 0.05)).rejects.toThrow(DivergenceError);
      expect(hashState(await trainer.state()), lowering.name).toBe(hash);
      for (let step = before; step < before + 3; step++)
        expect((await trainer.step(batchOf(step), 0.05)).loss).toBeGreaterThan(0);
    });
  }
});
