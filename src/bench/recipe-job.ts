import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Augmentation } from "../data/augmentation.ts";
import {
  createBatchWriter,
  evaluationBatches,
  labelledShapes,
  makeBatch,
  type BatchPlan,
  stepsPerEpoch,
} from "../data/batches.ts";
import type { ImageSet, Normalization } from "../data/image-set.ts";
import { drawState } from "../nn/initialization.ts";
import type { ModelOptions } from "../nn/model-options.ts";
import { createModel } from "../nn/models.ts";
import { parametersOf } from "../nn/module.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { bytesOf } from "../tensor/tensor.ts";
import { type Recipe, variationOf } from "../train/recipe.ts";
import { imagesToWhiten, whitenedState } from "../train/whitening.ts";

/** A training that Residua and PyTorch both take. */
export interface PeerTraining {
  readonly model: string;
  readonly modelOptions: ModelOptions;
  readonly recipe: Recipe;
  readonly augmentation: Augmentation;
  readonly normalization: Normalization;
  readonly train: ImageSet;
  readonly test: ImageSet;
  /** Of each side; processor time is that of the work alone with one. */
  readonly threads: number;
}

/** `job.json` in the folder that both sides read. Beside it lie the images, the first batches and the first weights, as bare numbers. */
export interface RecipeJob extends Pick<PeerTraining, "recipe" | "augmentation" | "normalization" | "threads"> {
  readonly network: ModelOptions & { readonly model: string };
  readonly imageShape: Shape;
  readonly counts: { readonly train: number; readonly test: number };
  /** Shapes of the first weights. */
  readonly start: Readonly<Record<string, Shape>>;
  /** Numbers that are trained or frozen. */
  readonly parameters: number;
  /** Of the whole training. */
  readonly steps: number;
}

/**
 * Writes a training to a folder: what is to be done, the images, the weights that both sides begin with, and the first batches as
 * Residua's training has them.
 *
 * @param batches how many
 */
export async function writeRecipeJob(folder: string, training: PeerTraining, batches: number): Promise<RecipeJob> {
  const { model, modelOptions, recipe, augmentation, normalization, train, test, threads } = training;
  const { module } = createModel(model, modelOptions);
  const imageShape = [train.channels, train.height, train.width];
  const indices = Uint32Array.from({ length: train.count }, (_, index) => index);
  const plan: BatchPlan = { batch: recipe.batch, seed: recipe.seed, shuffle: true, indices };
  const first = indices.subarray(0, imagesToWhiten);
  const start =
    recipe.whiten === true
      ? await whitenedState(module, {
          sample: imageShape,
          seed: recipe.seed,
          batches: () => evaluationBatches(train, normalization, first.length, first),
        })
      : new Map(drawState(module, recipe.seed));
  const write = async (name: string, content: Uint8Array): Promise<void> => writeFile(join(folder, name), content);
  for (const [part, set] of Object.entries({ train, test })) {
    await write(`${part}-images`, set.images);
    await write(`${part}-labels`, Uint8Array.from(set.labels));
  }
  for (const [name, value] of start) await write(`start-${name}`, bytesOf(value));
  const writeBatch = createBatchWriter({
    set: train,
    normalization,
    augmentation: { ...augmentation, ...variationOf(recipe) },
    plan,
  });
  for (let step = 0; step < batches; step++) {
    const batch = makeBatch(labelledShapes(train), recipe.batch, (images, labels) => writeBatch(step, images, labels));
    await write(`batch-${step}-images`, bytesOf(batch.images));
    await write(`batch-${step}-labels`, Uint8Array.from(batch.labels.data, Number));
  }
  const job: RecipeJob = {
    recipe,
    augmentation,
    network: { model, ...modelOptions },
    normalization,
    imageShape,
    counts: { train: train.count, test: test.count },
    start: Object.fromEntries(Array.from(start, ([name, { shape }]) => [name, shape])),
    parameters: [...parametersOf(module).values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    steps: recipe.epochs * stepsPerEpoch(plan),
    threads,
  };
  await writeFile(join(folder, "job.json"), JSON.stringify(job));
  return job;
}

/** What {@link writeRecipeJob} wrote. */
export async function readRecipeJob(folder: string): Promise<RecipeJob> {
  return JSON.parse(await readFile(join(folder, "job.json"), "utf8")) as RecipeJob;
}
