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
import type { JobContext } from "../../jobs/job.ts";
import type { Runtime, SessionOptions } from "../../runtime/runtime.ts";
import { createWebRuntime, type WebRuntimeOptions } from "../../runtime/web.ts";
import { EnvironmentError, OptionError } from "../../tensor/errors.ts";
import { joinBytes } from "../../tensor/bytes.ts";
import { evaluate, evaluationBatchSize, type Evaluation } from "../evaluate.ts";
import { withInference } from "../../networks/inference.ts";
import { exportOnnxChunks } from "../../networks/export.ts";
import { resolveClassWeights } from "../class-weights.ts";
import { openTrainer, planTraining, type TrainingPlan } from "../engine.ts";
import { finalState, runTraining, startOfTraining } from "../loop.ts";
import { createCardModule, requireConsistentCard } from "../../networks/card.ts";
import { imagesPerStep, type Recipe } from "../recipe.ts";
import { completeRecipe } from "../recipe-check.ts";
import type { TrainingState } from "../trainer.ts";
import type { WebTrainingEvent, WebTrainingJob, WebTrainingResult } from "./protocol.ts";

/** What a training needs of the worker that it runs in. */
export interface WebTrainingContext extends JobContext<WebTrainingEvent> {
  readonly runtime: Omit<WebRuntimeOptions, "threads">;
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

function requireJob({ network, train, validation, threads }: WebTrainingJob): void {
  requireConsistentCard(network, "network");
  requireThreads(threads);
  requireImages("training", train, network.imageShape);
  if (validation !== undefined) requireImages("validation", validation, network.imageShape);
}

function batchSourceOf(
  { network, train, augmentation = noAugmentation }: WebTrainingJob,
  recipe: Recipe,
): BatchSource<ImageSet> {
  const indices = Uint32Array.from({ length: train.count }, (_, index) => index);
  const plan = { batch: imagesPerStep(recipe), seed: recipe.seed, indices, shuffle: true };
  return { set: train, normalization: network.normalization, augmentation, plan };
}

/** All that the parts of a training share. */
interface Workplace {
  readonly job: WebTrainingJob;
  readonly runtime: Runtime;
  readonly session: SessionOptions;
  readonly source: BatchSource<ImageSet>;
  readonly plan: TrainingPlan;
}

function openWorkplace(job: WebTrainingJob, options: WebTrainingContext["runtime"]): Workplace {
  requireJob(job);
  const { network, train, device = "wasm", threads } = job;
  const recipe = resolveClassWeights(completeRecipe(job.recipe), { labels: train.labels, classes: network.classes });
  const source = batchSourceOf(job, recipe);
  const plan = planTraining({
    module: createCardModule(network),
    sampleShape: network.imageShape,
    recipe,
    stepsPerEpoch: stepsPerEpoch(source.plan),
    validates: job.validation !== undefined,
    isImported: network.model.graph !== undefined,
  });
  const runtime = createWebRuntime({ ...options, ...(threads === undefined ? {} : { threads }) });
  const session: SessionOptions = { executionProviders: [device], memoryPattern: device === "wasm" };
  return { job, runtime, session, source, plan };
}

/** Evaluates a state that predicts on the validation images. */
function validateState(
  { job, runtime, session, plan }: Workplace,
  set: ImageSet,
  state: TrainingState,
): Promise<Evaluation> {
  const { imageShape, normalization } = job.network;
  return withInference({ runtime, module: plan.module, imageShape, state, session }, (inference) =>
    evaluate(inference, evaluationBatches(set, normalization, evaluationBatchSize(imageShape))),
  );
}

/** Trains in the thread that calls, which is a worker's. Parameters stay with the runtime until the end. */
export async function performTraining(job: WebTrainingJob, context: WebTrainingContext): Promise<WebTrainingResult> {
  const place = openWorkplace(job, context.runtime);
  const { runtime, session, source, plan } = place;
  const { network, train, validation, start, device = "wasm" } = job;
  const { report, shouldStop } = context;
  const writeBatch = createBatchWriter(source);
  const trainer = await openTrainer(
    plan,
    { runtime, lowering: createPortableLowering(portableChoices[device]), session },
    start && { state: start, steps: 0 },
  );
  let best: TrainingState | undefined;
  try {
    const outcome = await runTraining({
      plan,
      trainer,
      place: startOfTraining,
      nextBatch: () =>
        makeBatch(labelledShapes(train), plan.imagesPerStep, (images, labels) =>
          writeBatch(trainer.steps, images, labels),
        ),
      ...(validation === undefined
        ? {}
        : { validate: (state: TrainingState) => validateState(place, validation, state) }),
      shouldStop,
      onStep: (progress) => report({ kind: "step", progress }),
      onEpoch: async ({ epochs }, isBest) => {
        if (isBest) best = await trainer.state();
        report({ kind: "epoch", record: epochs.at(-1)!, isBest });
      },
    });
    const state = await finalState(trainer, outcome.place, async () => best!);
    return { ...outcome, recipe: plan.recipe, onnx: joinBytes(exportOnnxChunks(network, state)) };
  } finally {
    await trainer.release();
  }
}
