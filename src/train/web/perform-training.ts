import { createPortableLowering } from "../../compile/portable/lowering.ts";
import { portableChoices } from "../../compile/portable/choices.ts";
import { noAugmentation } from "../../data/augmentation.ts";
import {
  type BatchSource,
  createBatchWriter,
  evaluationBatches,
  labelledShapes,
  makeBatch,
  stepsPerEpoch,
} from "../../data/batches.ts";
import { type ImageSet, imageSize } from "../../data/image-set.ts";
import type { Runtime, SessionOptions } from "../../runtime/runtime.ts";
import { createWebRuntime, type WebRuntimeOptions } from "../../runtime/web.ts";
import { EnvironmentError, OptionError } from "../../tensor/errors.ts";
import { joinBytes } from "../../tensor/bytes.ts";
import { evaluate, evaluationBatchSize, type Evaluation } from "../evaluate.ts";
import { withInference } from "../../networks/inference.ts";
import { exportOnnxChunks } from "../../networks/export.ts";
import { runTraining, startOfTraining } from "../loop.ts";
import { createCardModule, requireConsistentCard } from "../../networks/card.ts";
import { requireRecipe, stepOptionsOf } from "../recipe.ts";
import { createTrainer, type TrainingState } from "../trainer.ts";
import type { WebTrainingEvent, WebTrainingJob, WebTrainingResult } from "./protocol.ts";

/** What a training needs of the worker that it runs in. */
export interface WebTrainingContext {
  readonly runtime: Omit<WebRuntimeOptions, "threads">;
  readonly report: (event: WebTrainingEvent) => void;
  /** Asked before every step. */
  readonly shouldStop: () => Promise<boolean>;
}

/** @throws {EnvironmentError} if threads are asked for that the page cannot have */
function requireThreads(threads: number | undefined): void {
  if (threads === undefined || threads === 1 || globalThis.crossOriginIsolated) return;
  throw new EnvironmentError(
    "threads",
    `${threads} need a cross-origin isolated page: serve it with "Cross-Origin-Opener-Policy: same-origin" and ` +
      `"Cross-Origin-Embedder-Policy: require-corp", or take 1`,
  );
}

/** @throws {OptionError} if images are of another shape than the network's, or not as many as the set says */
function requireImages(name: string, set: ImageSet, [channels, height, width]: readonly number[]): void {
  if (set.channels !== channels || set.height !== height || set.width !== width) {
    const found = `${set.channels}×${set.height}×${set.width}`;
    throw new OptionError(`${name} images`, `must be ${channels}×${height}×${width}, got ${found}`);
  }
  if (set.images.length === set.count * imageSize(set) && set.labels.length === set.count) return;
  throw new OptionError(
    `${name} images`,
    `count says ${set.count}, there are ${set.images.length / imageSize(set)} images and ${set.labels.length} labels`,
  );
}

function requireJob({ network, recipe, train, validation, threads }: WebTrainingJob): void {
  requireRecipe(recipe);
  requireConsistentCard(network, "network");
  requireThreads(threads);
  requireImages("training", train, network.imageShape);
  if (validation !== undefined) requireImages("validation", validation, network.imageShape);
}

function batchSourceOf({
  network,
  recipe,
  train,
  augmentation = noAugmentation,
}: WebTrainingJob): BatchSource<ImageSet> {
  const indices = Uint32Array.from({ length: train.count }, (_, index) => index);
  const plan = { batch: recipe.batch, seed: recipe.seed, indices, shuffle: true };
  return { set: train, normalization: network.normalization, augmentation, plan };
}

/** The state as it predicts, on the validation images. */
function validateState(
  runtime: Runtime,
  { network }: WebTrainingJob,
  set: ImageSet,
  state: TrainingState,
  session: SessionOptions,
): Promise<Evaluation> {
  const { imageShape, normalization } = network;
  const module = createCardModule(network);
  return withInference({ runtime, module, imageShape, state, session }, (inference) =>
    evaluate(inference, evaluationBatches(set, normalization, evaluationBatchSize(imageShape))),
  );
}

/** Trains in the thread that calls, which is a worker's. Parameters stay with the runtime until the end. */
export async function performTraining(job: WebTrainingJob, context: WebTrainingContext): Promise<WebTrainingResult> {
  requireJob(job);
  const { network, recipe, train, validation, start, device = "wasm", threads } = job;
  const { report, shouldStop } = context;
  const runtime = createWebRuntime({ ...context.runtime, ...(threads === undefined ? {} : { threads }) });
  const session: SessionOptions = { executionProviders: [device], memoryPattern: device === "wasm" };
  const source = batchSourceOf(job);
  const writeBatch = createBatchWriter(source);
  const trainer = await createTrainer({
    ...stepOptionsOf(recipe),
    runtime,
    module: createCardModule(network),
    imageShape: network.imageShape,
    lowering: createPortableLowering(portableChoices[device]),
    session,
  });
  try {
    if (start !== undefined) trainer.load(start, 0);
    const outcome = await runTraining({
      trainer,
      recipe,
      stepsPerEpoch: stepsPerEpoch(source.plan),
      place: startOfTraining,
      nextBatch: () =>
        makeBatch(labelledShapes(train), recipe.batch, (images, labels) => writeBatch(trainer.steps, images, labels)),
      ...(validation === undefined
        ? {}
        : { validate: async () => validateState(runtime, job, validation, await trainer.state(), session) }),
      shouldStop,
      onStep: (progress) => report({ kind: "step", progress }),
      onEpoch: async ({ epochs }) => report({ kind: "epoch", record: epochs.at(-1)! }),
    });
    return { ...outcome, onnx: joinBytes(exportOnnxChunks(network, await trainer.state())) };
  } finally {
    await trainer.release();
  }
}
