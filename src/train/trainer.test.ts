import { describe, expect, test } from "vitest";
import { createModel } from "../nn/models.ts";
import { adamw } from "../optim/adamw.ts";
import { sgd } from "../optim/sgd.ts";
import { createNodeRuntime } from "../runtime/node.ts";
import { TrainingError, WeightsError } from "../tensor/errors.ts";
import { float32 } from "../tensor/tensor.ts";
import { brightRows, dropoutNetwork, hashState, withTrainer } from "../../test/support/training.ts";
import { chooseLowering } from "./lowering.ts";
import { createTrainer, type Trainer, type TrainerOptions } from "./trainer.ts";

const runtime = createNodeRuntime();
const imageShape = [2, 9, 9];
const batch = 6;
const { lowering: fastest } = await chooseLowering(runtime, "auto");
const { lowering: portable } = await chooseLowering(runtime, "portable");

const withDropout: TrainerOptions = {
  runtime,
  module: dropoutNetwork(2, 3),
  imageShape,
  batch,
  optimizer: sgd({ nesterov: true, weightDecay: 1e-3 }),
  seed: 3,
  session: { threads: 1 },
};
const resnet8: TrainerOptions = {
  ...withDropout,
  module: createModel("resnet8", { channels: 2, classes: 3, shortcut: "project" }).module,
};

/** Trains from the trainer's step to `end`; each step has images of its own. @returns the losses */
async function trainTo(trainer: Trainer, end: number, rate = 0.05): Promise<readonly number[]> {
  const losses: number[] = [];
  while (trainer.steps < end) {
    losses.push((await trainer.step(brightRows(trainer.steps, batch, imageShape), rate)).loss);
  }
  return losses;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

test("the loss falls while a residual network learns", async () => {
  const losses = await withTrainer(resnet8, (trainer) => trainTo(trainer, 40));
  expect(mean(losses.slice(-5))).toBeLessThan(0.5 * mean(losses.slice(0, 5)));
});

test("a state that was read stays as it is while the training goes on", async () => {
  for (const lowering of [portable, fastest]) {
    await withTrainer({ ...resnet8, lowering }, async (trainer) => {
      await trainTo(trainer, 2);
      const state = await trainer.state();
      const before = hashState(state);
      await trainTo(trainer, 6);
      expect(hashState(state)).toBe(before);
      expect(hashState(await trainer.state())).not.toBe(before);
    });
  }
});

describe("a training that is interrupted and goes on from its state", () => {
  const cases = [
    ["a residual network, SGD", resnet8],
    ["dropout, SGD", withDropout],
    ["dropout, AdamW", { ...withDropout, optimizer: adamw() }],
    ["dropout, clipped SGD without momentum", { ...withDropout, optimizer: sgd({ momentum: 0 }), clipNorm: 0.1 }],
  ] as const;
  test.each(
    cases.flatMap(([name, options]) =>
      [...new Set([portable, fastest])].map(
        (lowering) => [`${name}, ${lowering.name}`, { ...options, lowering }] as const,
      ),
    ),
  )("ends in the same bits, wherever the interruption: %s", async (_, options) => {
    const end = 5;
    const whole = await withTrainer(options, async (trainer) => {
      await trainTo(trainer, end);
      return hashState(await trainer.state());
    });
    for (const interruption of [0, 1, 3, end]) {
      const state = await withTrainer(options, async (trainer) => {
        await trainTo(trainer, interruption);
        return trainer.state();
      });
      const resumed = await withTrainer({ ...options, seed: options.seed }, async (trainer) => {
        trainer.load(state, interruption);
        await trainTo(trainer, end);
        return hashState(await trainer.state());
      });
      expect(resumed, `after step ${interruption}`).toBe(whole);
    }
  });
});

test("another seed gives another state", async () => {
  const hashAfterStep = (seed: number): Promise<string> =>
    withTrainer({ ...withDropout, seed }, async (trainer) => {
      await trainTo(trainer, 1);
      return hashState(await trainer.state());
    });
  expect(await hashAfterStep(3)).not.toBe(await hashAfterStep(4));
});

test("every step draws a dropout mask of its own", async () => {
  const images = brightRows(0, batch, imageShape);
  const losses = await withTrainer(withDropout, async (trainer) => [
    (await trainer.step(images, 0)).loss,
    (await trainer.step(images, 0)).loss,
  ]);
  expect(losses[0]).not.toBe(losses[1]);
});

test("the norms of watched parameters make up the norm of all", async () => {
  const watch = ["conv.weight", "fc.weight", "fc.bias"];
  const { norms, gradientNorm } = await withTrainer({ ...withDropout, watch }, (trainer) =>
    trainer.step(brightRows(0, batch, imageShape), 0.1),
  );
  expect(Object.keys(norms)).toEqual(watch);
  // float32 sums in another order
  expect(Math.hypot(...Object.values(norms)) / gradientNorm).toBeCloseTo(1, 5);
});

test.each([
  ["NaN", Number.NaN, /^training: loss is NaN at step 2; lower the learning rate$/],
  ["infinite", 1e38, /^training: (loss|gradient norm) is (NaN|infinite) at step 2; lower the learning rate$/],
])("a loss that is %s ends the step in one line and leaves the state as it was", async (_, pixel, message) => {
  await withTrainer(withDropout, async (trainer) => {
    await trainTo(trainer, 1);
    const before = hashState(await trainer.state());
    const { images, labels } = brightRows(1, batch, imageShape);
    const broken = {
      images: float32(
        images.shape,
        images.data.map(() => pixel),
      ),
      labels,
    };
    const step = trainer.step(broken, 0.1);
    await expect(step).rejects.toThrow(TrainingError);
    await expect(step).rejects.toThrow(message);
    expect(trainer.steps).toBe(1);
    expect(hashState(await trainer.state())).toBe(before);
  });
});

describe("loading a state", () => {
  test("of weights alone starts the optimizer at zero", async () => {
    await withTrainer(withDropout, async (trainer) => {
      const fresh = await trainer.state();
      await trainTo(trainer, 2);
      const trained = await trainer.state();
      trainer.load(new Map([...trained].filter(([name]) => !name.startsWith("momentum/"))), 0);
      const state = await trainer.state();
      expect(state.get("fc.weight")).toEqual(trained.get("fc.weight"));
      expect(state.get("momentum/fc.weight")).toEqual(fresh.get("momentum/fc.weight"));
      expect(new Set(state.get("momentum/fc.weight")!.data)).toEqual(new Set([0]));
    });
  });

  test("refuses one that lacks a tensor or has one of another shape, and keeps its own", async () => {
    await withTrainer(withDropout, async (trainer) => {
      const state = await trainer.state();
      const without = (name: string): Map<string, ReturnType<typeof float32>> =>
        new Map([...state].filter(([other]) => other !== name));
      expect(() => trainer.load(without("fc.bias"), 0)).toThrow(WeightsError);
      expect(() => trainer.load(without("momentum/fc.bias"), 0)).toThrow(/"momentum\/fc.bias"/);
      expect(() => trainer.load(without("fc.bias").set("fc.bias", float32([4], [0, 0, 0, 0])), 0)).toThrow(
        /"fc.bias" is float32 \[4\], must be float32 \[3\]/,
      );
      expect(hashState(await trainer.state())).toBe(hashState(state));
    });
  });
});

test("a released trainer takes no step, and may be released again", async () => {
  const trainer = await createTrainer(withDropout);
  await trainer.release();
  await trainer.release();
  await expect(trainer.step(brightRows(0, batch, imageShape), 0.1)).rejects.toThrow(/released/);
});
