import { describe, expect, test } from "vitest";
import { relativeError } from "../../../test/support/golden.ts";
import { lowerings } from "../../../test/support/lowerings.ts";
import { calmState } from "../../../test/support/noise.ts";
import { brightRows, dropoutNetwork, hashState, withTrainer } from "../../../test/support/training.ts";
import { createModel } from "../../nn/models.ts";
import { sgd } from "../../optim/sgd.ts";
import { createNodeRuntime } from "../../runtime/node.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { float32, type Tensor, tensor } from "../../tensor/tensor.ts";
import type { LabeledBatch } from "../batch.ts";
import { openTrainer, planTraining, type TrainingOptions } from "../engine.ts";
import { defaultRecipe, type Recipe } from "../recipe.ts";
import { createTrainer, type Trainer, type TrainerOptions, type TrainingState } from "../trainer.ts";
import { alone, type Collective, createMemoryCollectives } from "./collective.ts";
import { dataParallel } from "./data-parallel.ts";

const runtime = createNodeRuntime();
const imageShape = [3, 12, 12];
const { module } = createModel("resnet8", { classes: 3, shortcut: "project" });
/** Its relus stay as they are, whatever the rounding: see calm.py. */
const start = calmState(module, 5, ["fc"]);
const base: TrainerOptions = {
  runtime,
  module,
  imageShape,
  batch: 32,
  optimizer: sgd({ momentum: 0.9, nesterov: true, weightDecay: 5e-4 }),
  seed: 1,
  average: 0.9,
  session: { threads: 1 },
};
const RATE = 0.05;
/** Of losses: float32 sums in another order. */
const LIMIT = 1e-5;

/** Images `from` to `to` of a batch. */
function slice({ images, labels }: LabeledBatch, from: number, to: number): LabeledBatch {
  const each = sizeOf(imageShape);
  return {
    images: float32([to - from, ...imageShape], images.data.slice(from * each, to * each)),
    labels: tensor("int64", [to - from], labels.data.slice(from, to)),
  };
}

const join = (parts: readonly LabeledBatch[]): LabeledBatch => ({
  images: float32(
    [parts.reduce((sum, { images }) => sum + images.shape[0], 0), ...imageShape],
    Float32Array.from(parts.flatMap(({ images }) => [...images.data])),
  ),
  labels: tensor(
    "int64",
    [parts.reduce((sum, { labels }) => sum + labels.shape[0], 0)],
    BigInt64Array.from(parts.flatMap(({ labels }) => [...labels.data])),
  ),
});

interface Trained {
  readonly losses: readonly number[];
  readonly state: TrainingState;
}

async function train(
  trainer: Trainer,
  batchOf: (step: number) => LabeledBatch,
  from: ReadonlyMap<string, Tensor> = start,
): Promise<Trained> {
  trainer.load(from, 0);
  const losses: number[] = [];
  while (trainer.steps < 5) losses.push((await trainer.step(batchOf(trainer.steps), RATE)).loss);
  return { losses, state: await trainer.state() };
}

function onRanks(
  size: number,
  options: TrainerOptions,
  batchOf: (step: number, rank: number) => LabeledBatch,
): Promise<readonly Trained[]> {
  return Promise.all(
    createMemoryCollectives(size).map(async (collective) => {
      const trainer = await dataParallel(collective)({ ...options, syncBatchNorm: size });
      try {
        return await train(trainer, (step) => batchOf(step, collective.rank));
      } finally {
        await trainer.release();
      }
    }),
  );
}

function expectClose(actual: Trained, expected: Trained): void {
  for (const [step, loss] of expected.losses.entries())
    expect(Math.abs(actual.losses[step] - loss) / loss, `step ${step + 1}`).toBeLessThan(LIMIT);
  expect([...actual.state.keys()]).toEqual([...expected.state.keys()]);
  for (const [name, { data }] of expected.state)
    expect(relativeError(actual.state.get(name)!.data, data, 1e-2), name).toBeLessThan(10 * LIMIT);
}

describe.each(lowerings)("$name", (lowering) => {
  test("two ranks of 16 images follow one batch of 32, and hold the same bits", async () => {
    const images = (step: number): LabeledBatch => brightRows(step, 32, imageShape);
    const joined = await withTrainer({ ...base, lowering }, (trainer) => train(trainer, images));
    const options = { ...base, lowering, batch: 16, accumulate: 2 };
    const [first, second] = await onRanks(2, options, (step, rank) => slice(images(step), 16 * rank, 16 * (rank + 1)));
    expectClose(first, joined);
    expect(hashState(second.state)).toBe(hashState(first.state));
    expect(second.losses).toEqual(first.losses);
    // Without joining, the same images give other losses.
    const apart = await withTrainer(options, (trainer) => train(trainer, images));
    const misses = apart.losses.map((loss, step) => Math.abs(loss - joined.losses[step]) / joined.losses[step]);
    expect(Math.max(...misses)).toBeGreaterThan(50 * LIMIT);
  });

  test("three ranks that accumulate two batches follow one process that accumulates two joined ones", async () => {
    const images = (step: number): LabeledBatch => brightRows(step, 24, imageShape);
    const own = (step: number, rank: number): LabeledBatch => slice(images(step), 8 * rank, 8 * (rank + 1));
    const options = { ...base, lowering, clipNorm: 0.5 };
    const ranks = await onRanks(3, { ...options, batch: 4, accumulate: 6 }, own);
    // Each rank's first batches are joined, then their second.
    const reordered = (step: number): LabeledBatch =>
      join([0, 4].flatMap((at) => [0, 1, 2].map((rank) => slice(own(step, rank), at, at + 4))));
    const single = await withTrainer({ ...options, batch: 12, accumulate: 2 }, (trainer) => train(trainer, reordered));
    expectClose(ranks[0], single);
    for (const { state } of ranks) expect(hashState(state)).toBe(hashState(ranks[0].state));
  });

  test("one rank follows ordinary training", async () => {
    const images = (step: number): LabeledBatch => brightRows(step, 8, imageShape);
    const options = { ...base, lowering, batch: 8 };
    const single = await withTrainer(options, (trainer) => train(trainer, images));
    const [rank] = await onRanks(1, options, images);
    expectClose(rank, single);
  });

  test("a frozen batch norm keeps its statistics, and the others are joined", async () => {
    const images = (step: number): LabeledBatch => brightRows(step, 16, imageShape);
    const options = { ...base, lowering, frozen: (name: string) => name.startsWith("layer1") };
    const joined = await withTrainer({ ...options, batch: 16 }, (trainer) => train(trainer, images));
    const ranks = await onRanks(2, { ...options, batch: 8, accumulate: 2 }, (step, rank) =>
      slice(images(step), 8 * rank, 8 * (rank + 1)),
    );
    expectClose(ranks[0], joined);
    const name = "layer1.0.bn1.running_mean";
    expect(ranks[0].state.get(name)!.data).toEqual(start.get(name)!.data);
  });
});

const recipe: Recipe = { ...defaultRecipe, batch: 4, epochs: 3, accumulate: 2, syncBatchNorm: 2 };
const training: TrainingOptions = {
  module,
  sampleShape: imageShape,
  recipe,
  stepsPerEpoch: 1,
  validates: false,
  ranks: 2,
};

test("the engine trains by such a recipe, while layers join on the way", async () => {
  const plan = planTraining({ ...training, recipe: { ...recipe, unfreezeEvery: 1 } });
  const run = async (collective: Collective): Promise<string> => {
    const host = { runtime, lowering: lowerings[0], session: { threads: 1 }, strategy: dataParallel(collective) };
    const trainer = await openTrainer(plan, host);
    const { rank } = collective;
    const { state, losses } = await train(trainer, (step) =>
      slice(brightRows(step, 8, imageShape), 4 * rank, 4 * (rank + 1)),
    ).finally(() => trainer.release());
    expect(losses.every(Number.isFinite)).toBe(true);
    return hashState(state);
  };
  const [first, second] = await Promise.all(createMemoryCollectives(2).map(run));
  expect(second).toBe(first);
});

test("what cannot join its batch norms is refused in a line", async () => {
  const options = { ...base, batch: 4, syncBatchNorm: 2 };
  await expect(createTrainer(options)).rejects.toThrow(
    "syncBatchNorm: joins the batches of several ranks, but one process trains; leave it out",
  );
  await expect(dataParallel(alone)(options)).rejects.toThrow(
    "syncBatchNorm: joins the batches of 2 ranks, but this training has 1; mpirun -n 2 residua train starts as many",
  );
  expect(() => planTraining({ ...training, ranks: 3 })).toThrow(
    "joins the batches of 2 ranks, but this training has 3",
  );
  const { ranks: _, ...byOne } = training;
  expect(() => planTraining(byOne)).toThrow("but this training has 1;");
  const withoutNorm = "syncBatchNorm: has no batch norm to join: the network has none that is trained; leave it out";
  expect(() => planTraining({ ...training, module: dropoutNetwork(3, 3) })).toThrow(withoutNorm);
  expect(() => planTraining({ ...training, recipe: { ...recipe, headOnly: true } })).toThrow(withoutNorm);
  expect(() => planTraining({ ...training, recipe: { ...recipe, syncBatchNorm: 1 } })).toThrow(
    "syncBatchNorm: must be a whole number of at least 2, got 1",
  );
});
