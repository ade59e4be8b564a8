import { describe, expect, test } from "vitest";
import { float32, int64 } from "../tensor/tensor.ts";
import type { LabeledBatch } from "./batch.ts";
import type { TrainingPlace } from "./checkpoint.ts";
import type { Evaluation } from "./evaluation.ts";
import {
  runTraining,
  startOfTraining,
  type StepProgress,
  type TrainingLoopOptions,
  type TrainingOutcome,
} from "./loop.ts";
import { accuracy, type Measure } from "./measure.ts";
import type { TrainingPlan } from "./engine.ts";
import { defaultRecipe, type Recipe } from "./recipe.ts";
import { createRecipeSchedule } from "./recipe-step.ts";
import { DivergenceError, type Trainer } from "./trainer.ts";

const stepsPerEpoch = 4;
const recipe: Recipe = { ...defaultRecipe, epochs: 3, batch: 10, schedule: "cosine", learningRate: 1 };
const batch: LabeledBatch = { images: float32([1], [0]), labels: int64([1], [0]) };

/** Whose loss at step s is 1/s and who classifies 5 of 10 right; it fails at the step `failing`. */
function fakeTrainer(failing?: number, start = 0): Trainer {
  let steps = start;
  return {
    get steps() {
      return steps;
    },
    step: async () => {
      if (steps + 1 === failing)
        throw new DivergenceError({ step: failing, loss: Number.NaN, correct: 0, gradientNorm: 1, norms: {} }, true);
      steps++;
      return { step: steps, loss: 1 / steps, correct: 5, gradientNorm: 1, norms: {} };
    },
    state: async () => new Map(),
    load: () => undefined,
    release: async () => undefined,
  };
}

interface Told {
  readonly steps: StepProgress[];
  readonly epochs: { readonly place: TrainingPlace; readonly isBest: boolean }[];
}

/** The part of a plan that the loop reads. */
function planOf(own: Recipe): TrainingPlan {
  const steps = own.epochs * stepsPerEpoch;
  const rateAt = createRecipeSchedule(own, steps);
  return { recipe: own, steps, stepsPerEpoch, imagesPerStep: own.batch, rateAt } as TrainingPlan;
}

interface Change extends Partial<TrainingLoopOptions> {
  readonly accuracies?: readonly number[];
  readonly recipe?: Recipe;
}

function run(change: Change = {}): {
  readonly outcome: Promise<TrainingOutcome>;
  readonly told: Told;
} {
  const told: Told = { steps: [], epochs: [] };
  const { accuracies, recipe: own = recipe, ...options } = change;
  const validate = async (): Promise<Evaluation> => {
    const share = accuracies![told.epochs.length];
    return { count: 100, loss: 1 - share, measures: { accuracy: share } };
  };
  const outcome = runTraining({
    trainer: fakeTrainer(),
    plan: planOf(own),
    measures: { training: accuracy, main: accuracy },
    place: startOfTraining,
    nextBatch: () => batch,
    ...(accuracies === undefined ? {} : { validate }),
    shouldStop: async () => false,
    onStep: (progress) => told.steps.push(progress),
    onEpoch: async (place, isBest) => void told.epochs.push({ place, isBest }),
    ...options,
  });
  return { outcome, told };
}

test("runs the recipe's epochs and says after every step how far it is", async () => {
  const { outcome, told } = run();
  expect((await outcome).status).toBe("done");
  expect(told.steps.map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
  expect(told.steps.map(({ epoch }) => epoch)).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
  // Means over the epoch so far: (1/5 + 1/6) / 2 after step 6.
  expect(told.steps[5].loss).toBeCloseTo(11 / 60, 12);
  expect(told.steps[5].measures).toEqual({ accuracy: 0.5 });
  expect(told.steps[5]).toMatchObject({ stepLoss: 1 / 6, stepMeasures: { accuracy: 0.5 }, gradientNorm: 1 });
  // Half a cosine over 12 steps: cos(π/2) in the middle.
  expect(told.steps[6].learningRate).toBeCloseTo(0.5, 12);
});

test("the best epoch is the one with the highest validation accuracy; the first of equal ones stays", async () => {
  const { outcome, told } = run({ accuracies: [0.3, 0.7, 0.7] });
  const { place } = await outcome;
  expect(told.epochs.map(({ isBest }) => isBest)).toEqual([true, true, false]);
  expect(place.best).toEqual(place.epochs[1]);
  expect(place.best!.validation).toEqual({ loss: 1 - 0.7, measures: { accuracy: 0.7 } });
});

test("of epochs with equal accuracy the one with the lowest loss is the best", async () => {
  const losses = [0.3, 0.1, 0.2];
  const { outcome, told } = run({
    validate: async () => {
      const loss = losses[told.epochs.length];
      return { count: 30, loss, measures: { accuracy: 1 } };
    },
  });
  expect((await outcome).place.best!.epoch).toBe(2);
  expect(told.epochs.map(({ isBest }) => isBest)).toEqual([true, true, false]);
});

test.each([
  ["higher", [0.2, null, 0.4, 0.3], [true, false, true, false]],
  ["lower", [0.2, null, 0.4, 0.1], [true, false, false, true]],
  ["higher", [null, 0, null, 0.1], [true, true, false, true]],
] as const)("the main measure chooses the best epoch, the %ser the better; of %j: %j", async (better, values, best) => {
  const main: Measure = { name: "own", words: { en: "own", zh: "自己" }, better };
  const { outcome, told } = run({
    recipe: { ...recipe, epochs: 4 },
    measures: { training: { ...main, name: "trained" }, main },
    validate: async () => ({ count: 30, loss: 1, measures: { accuracy: 1, own: values[told.epochs.length] } }),
  });
  const { place } = await outcome;
  expect(told.epochs.map(({ isBest }) => isBest)).toEqual(best);
  expect(place.epochs[0].training.measures).toEqual({ trained: 0.5 });
  expect(place.epochs[3].validation!.measures).toEqual({ accuracy: 1, own: values[3] });
});

test("without a validation part no epoch is the best", async () => {
  const { outcome, told } = run();
  expect((await outcome).place.best).toBeUndefined();
  expect(told.epochs.map(({ isBest }) => isBest)).toEqual([false, false, false]);
});

test.each([
  [[0.5, 0.4, 0.3], 1, 2, "early-stopped"],
  [[0.5, 0.4, 0.6], 2, 3, "done"],
  [[0.1, 0.2, 0.1], 1, 3, "done"],
] as const)("validation %j with patience %i ends after %i epochs: %s", async (accuracies, patience, epochs, status) => {
  const found = await run({ accuracies, recipe: { ...recipe, patience } }).outcome;
  expect({ status: found.status, epochs: found.place.epochs.length }).toEqual({ status, epochs });
});

describe("a training that was stopped", () => {
  test("has done no step more, and keeps the sums of its unfinished epoch", async () => {
    let asked = 0;
    const { outcome } = run({ shouldStop: async () => ++asked > 6 });
    const { status, place } = await outcome;
    expect(status).toBe("stopped");
    expect(place).toMatchObject({ step: 6, correctSum: 10 });
    expect(place.lossSum).toBeCloseTo(11 / 30, 12);
  });

  test.each([0, 3, 4, 5, 8, 11])("after step %i goes on to the same end", async (stop) => {
    const accuracies = [0.5, 0.6, 0.55];
    const whole = run({ accuracies });
    const trainer = fakeTrainer();
    const first = run({ accuracies, trainer, shouldStop: async () => trainer.steps === stop });
    const { place } = await first.outcome;
    const validated = first.told.epochs.length;
    const second = run({
      accuracies: accuracies.slice(validated),
      place,
      trainer: fakeTrainer(undefined, stop),
    });
    expect(await second.outcome).toEqual(await whole.outcome);
    expect([...first.told.steps, ...second.told.steps]).toEqual(whole.told.steps);
    expect([...first.told.epochs, ...second.told.epochs]).toEqual(whole.told.epochs);
  });
});

test("a step that fails ends the training with its reason, at the place before it", async () => {
  expect(await run({ trainer: fakeTrainer(6) }).outcome).toMatchObject({
    status: "diverged",
    reason: "training: loss is NaN at step 6; lower the learning rate",
    diverged: { step: 6, loss: Number.NaN },
    place: { step: 5 },
  });
});

test("an error of another kind is passed on", async () => {
  const nextBatch = (): LabeledBatch => {
    throw new Error("no batch");
  };
  await expect(run({ nextBatch }).outcome).rejects.toThrow("no batch");
});

test("may be kept after every step that leaves an epoch unfinished", async () => {
  const kept: number[] = [];
  await run({ onPause: async ({ step }) => void kept.push(step) }).outcome;
  expect(kept).toEqual([1, 2, 3, 5, 6, 7, 9, 10, 11]);
});

test.each([4, 8, 12])("one that ended while step %i's epoch was validated closes that epoch first", async (end) => {
  const accuracies = [0.5, 0.6, 0.55];
  const whole = run({ accuracies });
  const places: TrainingPlace[] = [];
  const outcome = await run({ accuracies, onPause: async (place) => void places.push(place) }).outcome;
  expect(places.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  const place = places.find(({ step }) => step === end)!;
  const resumed = run({
    accuracies: accuracies.slice(place.epochs.length),
    place,
    trainer: fakeTrainer(undefined, end),
  });
  expect(await resumed.outcome).toEqual(outcome);
  expect(outcome).toEqual(await whole.outcome);
  expect(resumed.told.epochs).toEqual(whole.told.epochs.slice(place.epochs.length));
  expect(resumed.told.steps).toEqual(whole.told.steps.slice(end));
});
