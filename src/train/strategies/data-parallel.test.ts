import { describe, expect, test } from "vitest";
import { brightRows, dropoutNetwork, hashState, withTrainer } from "../../../test/support/training.ts";
import { createModel } from "../../nn/models.ts";
import { adamw } from "../../optim/adamw.ts";
import { muon } from "../../optim/muon.ts";
import { sgd } from "../../optim/sgd.ts";
import { createNodeRuntime } from "../../runtime/node.ts";
import { conv, globalAveragePool, linear, relu, sequential } from "../../nn/layers.ts";
import { float32, tensor } from "../../tensor/tensor.ts";
import type { LabeledBatch } from "../batch.ts";
import { openTrainer, planTraining } from "../engine.ts";
import { chooseLowering } from "../lowering.ts";
import { defaultRecipe, type Recipe } from "../recipe.ts";
import { DivergenceError, type StepResult, type Trainer, type TrainerOptions, type TrainingState } from "../trainer.ts";
import { alone, type Collective, createMemoryCollectives } from "./collective.ts";
import { dataParallel } from "./data-parallel.ts";

const runtime = createNodeRuntime();
const imageShape = [2, 9, 9];
const batch = 6;
const { lowering: fastest } = await chooseLowering(runtime, "auto");
const { lowering: portable } = await chooseLowering(runtime, "portable");
const lowerings = [...new Set([portable, fastest])].map((each) => [each.name, each] as const);

const resnet = createModel("resnet8", { channels: 2, classes: 3, shortcut: "project" }).module;
const plain = sequential({
  conv: conv(2, 10, { kernel: 3, padding: 1, bias: true }),
  relu: relu(),
  pool: globalAveragePool(),
  fc: linear(10, 3),
});
const base: TrainerOptions = {
  runtime,
  module: dropoutNetwork(2, 3),
  imageShape,
  batch,
  optimizer: sgd({ nesterov: true, weightDecay: 1e-3 }),
  seed: 3,
  session: { threads: 1 },
};

interface Trained {
  readonly reports: readonly StepResult[];
  readonly state: TrainingState;
}

type Ranks = Pick<Collective, "rank" | "size">;
const aloneOnStep: Ranks = { rank: 0, size: 1 };

/** A rank's consecutive share of a step's images. */
function shareOf({ images, labels }: LabeledBatch, { rank, size }: Ranks): LabeledBatch {
  const count = images.shape[0] / size;
  const pixels = images.data.length / size;
  return {
    images: float32([count, ...imageShape], images.data.subarray(rank * pixels, (rank + 1) * pixels)),
    labels: tensor("int64", [count], labels.data.subarray(rank * count, (rank + 1) * count)),
  };
}

/** Trains on the same images, however many ranks share them. @param images in a step of all ranks */
async function train(trainer: Trainer, images: number, ranks: Ranks = aloneOnStep, end = 3): Promise<Trained> {
  const reports: StepResult[] = [];
  while (trainer.steps < end)
    reports.push(await trainer.step(shareOf(brightRows(trainer.steps, images, imageShape), ranks), 0.05));
  return { reports, state: await trainer.state() };
}

const imagesOf = (options: TrainerOptions): number => options.batch * (options.accumulate ?? 1);
const alike = (options: TrainerOptions): Promise<Trained> =>
  withTrainer(options, (trainer) => train(trainer, imagesOf(options)));

async function onRanks<T>(
  size: number,
  options: TrainerOptions,
  body: (trainer: Trainer, ranks: Ranks) => Promise<T>,
): Promise<readonly T[]> {
  return Promise.all(
    createMemoryCollectives(size).map(async (collective) => {
      const trainer = await dataParallel(collective)(options);
      try {
        return await body(trainer, collective);
      } finally {
        await trainer.release();
      }
    }),
  );
}

describe.each(lowerings)("data parallel, %s", (_, lowering) => {
  const recipes: readonly (readonly [string, Partial<TrainerOptions>])[] = [
    ["nothing else", {}],
    ["batch norm", { module: resnet }],
    ["AdamW", { optimizer: adamw() }],
    ["Muon", { optimizer: muon() }],
    [
      "Muon and weights of equal norms",
      { module: resnet, optimizer: muon({ unitFilters: true }), scaleInvariant: (name) => /conv\d.weight$/.test(name) },
    ],
    ["clipping", { clipNorm: 0.1 }],
    ["accumulation", { accumulate: 3, clipNorm: 0.1 }],
    ["mixup", { mixup: 0.4 }],
    ["averages of weights and statistics", { module: resnet, average: 0.9 }],
    ["frozen layers", { module: resnet, frozen: (name) => name.startsWith("layer1"), average: 0.9 }],
    [
      "rates",
      { rateFactor: (name) => (name.startsWith("fc") ? 0.5 : 1), exempt: (_name, { role }) => role === "bias" },
    ],
    ["mixed precision", { module: resnet, lowering: portable.mixed!() }],
    ["watched parameters", { watch: ["fc.weight", "conv.weight"] }],
  ];

  test.each(recipes)("one rank leaves the bits and reports of a process alone, with %s", async (_name, changed) => {
    const options = { ...base, lowering, ...changed };
    const single = await alike(options);
    const [parallel] = await onRanks(1, options, (trainer) => train(trainer, imagesOf(options)));
    expect(hashState(parallel.state)).toBe(hashState(single.state));
    expect([...parallel.state.keys()]).toEqual([...single.state.keys()]);
    for (const [index, report] of parallel.reports.entries()) {
      expect(report.loss).toBeCloseTo(single.reports[index].loss, 12);
      expect(report.correct).toBe(single.reports[index].correct);
      expect(report.gradientNorm).toBeCloseTo(single.reports[index].gradientNorm, 5);
      expect(Object.keys(report.norms)).toEqual(Object.keys(single.reports[index].norms));
    }
  });

  test.each(recipes)(
    "two ranks leave the bits and reports of one process that accumulates their batches, with %s",
    async (_name, changed) => {
      const options = { ...base, lowering, ...changed, accumulate: 2 };
      const single = await alike(options);
      const ranks = await onRanks(2, options, (trainer, place) => train(trainer, imagesOf(options), place));
      for (const { state, reports } of ranks) {
        expect(hashState(state)).toBe(hashState(single.state));
        expect(reports.map(({ loss, correct }) => ({ loss, correct }))).toEqual(
          single.reports.map(({ loss, correct }) => ({ loss, correct })),
        );
      }
      expect(ranks[1].reports).toEqual(ranks[0].reports);
    },
  );

  test.each([2, 3, 4])("%i ranks of two batches each train as one process that accumulates all", async (size) => {
    const options = { ...base, lowering, module: resnet, batch: 3, accumulate: 2 * size, clipNorm: 0.5, average: 0.9 };
    const single = await alike(options);
    const ranks = await onRanks(size, options, (trainer, place) => train(trainer, imagesOf(options), place));
    for (const { state, reports } of ranks) {
      expect(hashState(state)).toBe(hashState(ranks[0].state));
      expect(reports).toEqual(ranks[0].reports);
    }
    // They add (a + b) + (c + d) where one process adds ((a + b) + c) + d.
    expectClose(ranks[0].state, single.state);
    expect(ranks[0].reports[0].loss).toBe(single.reports[0].loss);
  });

  test("a training that goes on from a state ends in the same bits, on as many ranks as divide its batches", async () => {
    const options = { ...base, lowering, module: resnet, average: 0.9, accumulate: 2 };
    const images = imagesOf(options);
    const whole = await onRanks(2, options, (trainer, place) => train(trainer, images, place, 4));
    const half = await onRanks(2, options, (trainer, place) => train(trainer, images, place, 2));
    const resumed = (size: number) =>
      onRanks(size, options, (trainer, place) => {
        trainer.load(half[0].state, 2);
        return train(trainer, images, place, 4);
      });
    for (const { state } of [...(await resumed(2)), ...(await resumed(1))])
      expect(hashState(state)).toBe(hashState(whole[0].state));
  });
});

test("a step that diverges on one rank diverges on all, and leaves their state as it was", async () => {
  const outcomes = await onRanks(2, { ...base, module: plain, accumulate: 2 }, async (trainer, place) => {
    const before = hashState(await trainer.state());
    const images = brightRows(0, 2 * batch, imageShape);
    images.images.data[images.images.data.length - 1] = Number.NaN;
    const error = await trainer.step(shareOf(images, place), 0.1).catch((caught: unknown) => caught);
    return { error, steps: trainer.steps, isKept: hashState(await trainer.state()) === before };
  });
  for (const { error, steps, isKept } of outcomes) {
    expect(error).toBeInstanceOf(DivergenceError);
    expect({ steps, isKept }).toEqual({ steps: 0, isKept: true });
  }
});

test("the engine trains a recipe through the strategy, with layers that join on the way", async () => {
  const recipe: Recipe = {
    ...defaultRecipe,
    batch,
    epochs: 3,
    unfreezeEvery: 1,
    average: 0.9,
    clipNorm: 1,
    accumulate: 2,
  };
  const plan = planTraining({ module: resnet, sampleShape: imageShape, recipe, stepsPerEpoch: 1, validates: false });
  const run = async (collective?: Collective): Promise<string> => {
    const strategy = collective && { strategy: dataParallel(collective) };
    const trainer = await openTrainer(plan, { runtime, lowering: portable, session: { threads: 1 }, ...strategy });
    const { state } = await train(trainer, plan.imagesPerStep, collective);
    await trainer.release();
    return hashState(state);
  };
  const expected = await run();
  expect(await run(alone)).toBe(expected);
  const [first, second] = await Promise.all(createMemoryCollectives(2).map(run));
  expect([first, second]).toEqual([expected, expected]);
});

test("what cannot be shared out is refused in one sentence", async () => {
  const rank = createMemoryCollectives(7)[6];
  await expect(dataParallel(rank)({ ...base, accumulate: 6 })).rejects.toThrow(
    "accumulate: must be a multiple of 7, the number of ranks that share a step's batches, got 6",
  );
  await expect(dataParallel(alone)({ ...base, accumulate: 0 })).rejects.toThrow("accumulate: must be a whole number");
  await expect(dataParallel(alone)({ ...base, watch: ["nothing"] })).rejects.toThrow("watch: no trained parameter");
  const [first, second] = createMemoryCollectives(2);
  const sums = [first.allReduce(new Float32Array(1)), second.allReduce(new Float32Array(2))];
  for (const sum of sums) await expect(sum).rejects.toThrow("ranks gave 1, 2 elements");
});

/** Float32 sums in another order: a few units in the last place, after three steps. */
function expectClose(actual: TrainingState, expected: TrainingState, tolerance = 2e-5): void {
  expect([...actual.keys()]).toEqual([...expected.keys()]);
  for (const [name, { data }] of expected) {
    const scale = data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-3);
    const worst = data.reduce((most, value, at) => Math.max(most, Math.abs(value - actual.get(name)!.data[at])), 0);
    expect(worst / scale, name).toBeLessThanOrEqual(tolerance);
  }
}
