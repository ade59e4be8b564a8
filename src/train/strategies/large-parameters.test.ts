import { describe, expect, test } from "vitest";
import { lowerings } from "../../../test/support/lowerings.ts";
import { brightRows, expectOwnState, hashState, wideNetwork, withTrainer } from "../../../test/support/training.ts";
import type { LossFunction } from "../../compile/step/loss-pass.ts";
import { portable } from "../../compile/portable/lowering.ts";
import { globalAveragePool, linear, relu, sequential } from "../../nn/layers.ts";
import { crossEntropy } from "../../nn/losses.ts";
import { adamw } from "../../optim/adamw.ts";
import { sgd } from "../../optim/sgd.ts";
import { createNodeRuntime } from "../../runtime/node.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { float32 } from "../../tensor/tensor.ts";
import type { LabeledBatch } from "../batch.ts";
import { DivergenceError, type Trainer, type TrainerOptions } from "../trainer.ts";
import { alone } from "./collective.ts";
import { dataParallel } from "./data-parallel.ts";
import { compileSplitStep } from "./split-step.ts";

const module = wideNetwork(2, 3);
const perceptron = sequential({
  pool: globalAveragePool(),
  first: linear(2, 256),
  relu: relu(),
  second: linear(256, 512),
  fc: linear(512, 3),
});
const imageShape = [2, 8, 8];
const batch = 4;
const runtime = createNodeRuntime();
/** Returns new tensors from every step. */
const copying: Runtime = { ...runtime, writesInPlace: false };
const base: TrainerOptions = {
  runtime,
  module,
  imageShape,
  batch,
  optimizer: sgd({ momentum: 0.9, weightDecay: 1e-3 }),
  seed: 1,
  session: { threads: 1 },
};
const rank = dataParallel(alone);

async function withRank<T>(options: TrainerOptions, body: (trainer: Trainer) => Promise<T>): Promise<T> {
  const trainer = await rank(options);
  try {
    return await body(trainer);
  } finally {
    await trainer.release();
  }
}

const batchOf = (step: number, accumulate = 1): LabeledBatch => brightRows(step, batch * accumulate, imageShape);

/** Images whose pixels are all changed. */
const changed = ({ images, labels }: LabeledBatch, change: (pixel: number) => number): LabeledBatch => ({
  images: float32(images.shape, images.data.map(change)),
  labels,
});

async function train(trainer: Trainer, accumulate = 1): Promise<string> {
  for (let step = 0; step < 3; step++) await trainer.step(batchOf(step, accumulate), 0.05);
  return hashState(await trainer.state());
}

const recipes: Readonly<Record<string, Partial<TrainerOptions>>> = {
  SGD: {},
  "AdamW with averages, clipped": { optimizer: adamw(), average: 0.9, clipNorm: 0.5 },
  "averages of two batches a step": { accumulate: 2, average: 0.9 },
};

describe.each(lowerings)("large parameters of a rank, $name", (lowering) => {
  const lowered = (options: Partial<TrainerOptions> = {}): TrainerOptions => ({ ...base, lowering, ...options });

  test.each(Object.entries(recipes))(
    "are updated in place to the bits of copies and of an undivided step, with %s",
    async (_, recipe) => {
      const options = lowered(recipe);
      const inPlace = await withRank(options, (trainer) => train(trainer, recipe.accumulate));
      expect(inPlace).toBe(
        await withRank({ ...options, runtime: copying }, (trainer) => train(trainer, recipe.accumulate)),
      );
      expect(inPlace).toBe(await withTrainer(options, (trainer) => train(trainer, recipe.accumulate)));
    },
  );

  test("leave what was loaded and what was read as it was", async () => {
    await withRank(lowered({ average: 0.9 }), async (trainer) => {
      await expectOwnState(trainer, batchOf);
    });
  });

  test("stay as they were when the loss is no number, and go on", async () => {
    await withRank(lowered(), async (trainer) => {
      await trainer.step(batchOf(0), 0.05);
      const hash = hashState(await trainer.state());
      const broken = changed(batchOf(9), () => Number.NaN);
      await expect(trainer.step(broken, 0.05)).rejects.toMatchObject({ isUndone: true });
      expect(hashState(await trainer.state())).toBe(hash);
      expect((await trainer.step(batchOf(1), 0.05)).loss).toBeGreaterThan(0);
    });
  });

  test("stay as they were when the loss alone is infinite", async () => {
    const loss: LossFunction = (g, scores, labels) => g.op("Add", [crossEntropy(g, scores, labels), g.fill(Infinity)]);
    await withRank(lowered({ loss }), async (trainer) => {
      const hash = hashState(await trainer.state());
      const step = trainer.step(batchOf(0), 0.05);
      await expect(step).rejects.toMatchObject({ isUndone: true, report: { loss: Infinity } });
      expect(hashState(await trainer.state())).toBe(hash);
    });
  });

  test("are left by gradients that overflow as an undivided step leaves them", async () => {
    const overflow = async (trainer: Trainer) => {
      const images = changed(batchOf(0), (pixel) => 1e22 * pixel);
      const error = (await trainer.step(images, 0.05).catch((caught: unknown) => caught)) as DivergenceError;
      expect(error).toBeInstanceOf(DivergenceError);
      expect(error.report.loss).toBeGreaterThan(0);
      expect(error.report.loss).toBeLessThan(Infinity);
      return { isUndone: error.isUndone, state: hashState(await trainer.state()) };
    };
    const options = lowered({ module: perceptron });
    const left = await withRank(options, overflow);
    // One whose own gradient is finite would have been updated.
    expect(left.isUndone).toBe(false);
    expect(left.state).toBe((await withTrainer(options, overflow)).state);
  });
});

test("only large parameters are updated in place, and none with mixed precision or where the runtime cannot", async () => {
  const inPlaceWith = async (options: Partial<TrainerOptions>): Promise<readonly string[]> => {
    const { average: _average, mixup: _mixup, ...step } = { ...base, ...options };
    const { gradient, update, inPlace } = await compileSplitStep(step);
    await Promise.all([gradient.session.release(), update.session.release()]);
    return [...inPlace.keys()];
  };
  for (const lowering of lowerings)
    expect(await inPlaceWith({ lowering }), lowering.name).toEqual(["wide.weight", "momentum/wide.weight"]);
  expect(await inPlaceWith({ lowering: portable.mixed!() })).toEqual([]);
  expect(await inPlaceWith({ runtime: copying })).toEqual([]);
});
