import { createHash } from "node:crypto";
import { expect } from "vitest";
import { batchNorm, conv, dropout, globalAveragePool, linear, relu, sequential } from "../../src/nn/layers.ts";
import type { Module } from "../../src/nn/module.ts";
import { randomStream } from "../../src/tensor/random.ts";
import { bytesOf, float32, int64, type Tensor } from "../../src/tensor/tensor.ts";
import type { LabeledBatch } from "../../src/train/batch.ts";
import type { CheckpointNotes } from "../../src/train/checkpoint.ts";
import { defaultRecipe } from "../../src/train/recipe.ts";
import { createTrainer, type Trainer, type TrainerOptions } from "../../src/train/trainer.ts";

/** Images that a network can tell apart: of class k, the k-th third of the rows is brighter, under noise. */
export function brightRows(seed: number, count: number, [channels, height, width]: readonly number[]): LabeledBatch {
  const stream = randomStream(seed, "bright rows");
  const labels = Array.from({ length: count }, () => stream.integer(3));
  const size = channels * height * width;
  const images = Float32Array.from({ length: count * size }, (_, place) => {
    const row = Math.floor((place % (height * width)) / width);
    const isBright = Math.floor((3 * row) / height) === labels[Math.floor(place / size)];
    return stream.normal() + (isBright ? 2 : 0);
  });
  return { images: float32([count, channels, height, width], images), labels: int64([count], labels) };
}

/** The smallest network that draws a mask every step. Its 10 channels fill no block, so layouts have to pad them. */
export function dropoutNetwork(channels: number, classes: number): Module {
  return sequential({
    conv: conv(channels, 10, { kernel: 3, padding: 1 }),
    relu: relu(),
    drop: dropout(0.3),
    pool: globalAveragePool(),
    fc: linear(10, classes),
  });
}

/** A network one of whose parameters, `wide.weight`, has more than the 2¹⁶ elements from which on they are updated in place. */
export function wideNetwork(channels: number, classes: number): Module {
  return sequential({
    conv: conv(channels, 128, { kernel: 3, padding: 1 }),
    bn: batchNorm(128),
    relu: relu(),
    wide: conv(128, 64, { kernel: 3, padding: 1 }),
    pool: globalAveragePool(),
    fc: linear(64, classes),
  });
}

/** A hash over names and elements: equal exactly if two states are, bit for bit. */
export function hashState(state: ReadonlyMap<string, Tensor>): string {
  const hash = createHash("sha256");
  for (const [name, value] of [...state].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(name).update(bytesOf(value));
  return hash.digest("hex");
}

/** Notes of a resnet8 for two channels and three classes that has one finished epoch. */
export const exampleNotes: CheckpointNotes = {
  network: {
    model: { name: "resnet8", options: { shortcut: "pad", channels: 2, classes: 3 } },
    imageShape: [2, 8, 8],
    data: "three kinds",
    classes: ["a", "b", 'ç "quoted"'],
    normalization: { mean: [0.1, 0.2], deviation: [0.3, 0.4] },
  },
  recipe: { ...defaultRecipe, clipNorm: 1, patience: 2 },
  data: { train: 90, validation: 10, augmentation: "crop 4, flip" },
  place: {
    step: 3,
    lossSum: 1.5,
    correctSum: 7,
    epochs: [
      {
        epoch: 1,
        training: { loss: 0.5, measures: { accuracy: 0.75 } },
        validation: { loss: 0.25, measures: { accuracy: 0.5 } },
      },
    ],
    best: {
      epoch: 1,
      training: { loss: 0.5, measures: { accuracy: 0.75 } },
      validation: { loss: 0.25, measures: { accuracy: 0.5 } },
    },
  },
  engine: { lowering: "portable", runtime: "node 1.0.0" },
};

/** Makes a trainer for as long as `body` takes. */
export async function withTrainer<T>(options: TrainerOptions, body: (trainer: Trainer) => Promise<T>): Promise<T> {
  const trainer = await createTrainer(options);
  try {
    return await body(trainer);
  } finally {
    await trainer.release();
  }
}

/** Steps write over neither what was loaded nor what was read. */
export async function expectOwnState(trainer: Trainer, batchOf: (index: number) => LabeledBatch): Promise<void> {
  const given = await trainer.state();
  const hash = hashState(given);
  trainer.load(given, 0);
  await trainer.step(batchOf(0), 0.05);
  const read = await trainer.state();
  const after = hashState(read);
  await trainer.step(batchOf(1), 0.05);
  expect(hashState(given)).toBe(hash);
  expect(hashState(read)).toBe(after);
  expect(hashState(await trainer.state())).not.toBe(after);
}
