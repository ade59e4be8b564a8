import { expect, test } from "vitest";
import { createModel } from "../../nn/models.ts";
import { initializeState } from "../../nn/initialization.ts";
import { float32, type Tensor } from "../../tensor/tensor.ts";
import type { Trainer, TrainingState } from "../trainer.ts";
import { createLookaheadTrainer, slowShare } from "./lookahead.ts";

const { module } = createModel("resnet8", { channels: 1, classes: 3 });
const WATCHED = "fc.bias";
const batch = {
  images: float32([1, 1, 2, 2], [0, 0, 0, 0]),
  labels: { dtype: "int64", shape: [1], data: new BigInt64Array(1) },
} as const;

/** A trainer whose every step adds 1 to every number. */
function createCounter(): Trainer {
  let state: TrainingState = new Map(
    Array.from(
      initializeState(module, 0),
      ([name, { shape, data }]) =>
        [
          name,
          float32(
            shape,
            data.map(() => 0),
          ),
        ] as const,
    ),
  );
  let steps = 0;
  return {
    get steps() {
      return steps;
    },
    step: async () => {
      steps++;
      state = new Map(
        Array.from(
          state,
          ([name, { shape, data }]) =>
            [
              name,
              float32(
                shape,
                data.map((x) => x + 1),
              ),
            ] as const,
        ),
      );
      return { step: steps, loss: 0, correct: 0, gradientNorm: 0, norms: {} };
    },
    state: async () => state,
    load: (given, done) => {
      state = new Map(Array.from(state.keys(), (name) => [name, given.get(name) as Tensor<"float32">] as const));
      steps = done;
    },
    release: async () => undefined,
  };
}

const valueOf = async (trainer: Trainer, name = WATCHED): Promise<number> => (await trainer.state()).get(name)!.data[0];

test("the share grows with the cube of the training", () => {
  expect([0, 5, 10, 20].map((done) => slowShare({ share: 0.8, steps: 10 }, done))).toEqual([0, 0.8 / 8, 0.8, 0.8]);
});

test("every fifth step and the last pull weights and running statistics to their slow average", async () => {
  const trainer = await createLookaheadTrainer(createCounter(), { module, share: 0.8, steps: 12 });
  const found: number[] = [];
  for (let step = 0; step < 12; step++) {
    await trainer.step(batch, 0.1);
    found.push(await valueOf(trainer));
  }
  const share = (done: number): number => 0.8 * (done / 12) ** 3;
  const first = (1 - share(5)) * 5;
  const second = share(10) * first + (1 - share(10)) * (first + 5);
  const last = share(12) * second + (1 - share(12)) * (second + 2);
  expect(found.slice(0, 4)).toEqual([1, 2, 3, 4]);
  for (const [step, value] of [
    [5, first],
    [9, first + 4],
    [10, second],
    [11, second + 1],
    [12, last],
  ])
    expect(found[step - 1]).toBeCloseTo(value, 5);
  expect(await valueOf(trainer, "bn1.running_mean")).toBeCloseTo(last, 5);
});

test("goes on from its state as if it had not stopped", async () => {
  const options = { module, share: 0.8, steps: 12 };
  const whole = await createLookaheadTrainer(createCounter(), options);
  for (let step = 0; step < 7; step++) await whole.step(batch, 0.1);
  const resumed = await createLookaheadTrainer(createCounter(), options);
  resumed.load(await whole.state(), 7);
  for (const trainer of [whole, resumed]) for (let step = 7; step < 12; step++) await trainer.step(batch, 0.1);
  expect(await valueOf(resumed)).toBe(await valueOf(whole));
});
