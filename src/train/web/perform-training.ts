import { createPortableLowering } from "../../compile/portable/lowering.ts";
import { portableChoices } from "../../compile/portable/choices.ts";
import { makeBatch, stepsPerEpoch } from "../../data/batches.ts";
import type { JobContext } from "../../jobs/job.ts";
import type { Runtime, SessionOptions } from "../../runtime/runtime.ts";
import { createWebRuntime, type WebRuntimeOptions } from "../../runtime/web.ts";
import { EnvironmentError } from "../../tensor/errors.ts";
import { joinBytes } from "../../tensor/bytes.ts";
import type { Evaluation } from "../evaluation.ts";
import { withInference } from "../../networks/inference.ts";
import { exportOnnxChunks, safetensorsMetadata } from "../../networks/export.ts";
import { openTrainer, planTraining, type TrainingPlan } from "../engine.ts";
import { finalState, runTraining, startOfTraining } from "../loop.ts";
import { createCardModule, type NetworkCard, requireConsistentCard, stateShapes } from "../../networks/card.ts";
import type { MemorySetup, SetUpInMemory } from "../memory-training.ts";
import { encodeSafetensorsChunks } from "../../weights/safetensors/safetensors.ts";
import { completeRecipe } from "../recipe-check.ts";
import type { TrainingState } from "../trainer.ts";
import type { WebTrainingEvent, WebTrainingJob, WebTrainingResult } from "./protocol.ts";

/** The services of the worker that training runs in. */
export interface WebTrainingContext extends JobContext<WebTrainingEvent> {
  readonly runtime: Omit<WebRuntimeOptions, "threads">;
}

/** @throws {EnvironmentError} if the page cannot have the requested threads */
export function requireThreads(threads: number | undefined): void {
  if (threads === undefined || threads === 1 || globalThis.crossOriginIsolated) return;
  throw new EnvironmentError(
    "threads",
    `${threads} need a cross-origin isolated page: serve it with "Cross-Origin-Opener-Policy: same-origin" and ` +
      `"Cross-Origin-Embedder-Policy: require-corp", or take 1`,
  );
}

/** The state shared by the parts of a training run. */
interface Workplace {
  readonly job: WebTrainingJob;
  readonly runtime: Runtime;
  readonly session: SessionOptions;
  readonly setup: MemorySetup;
  readonly plan: TrainingPlan;
}

function openWorkplace(
  job: WebTrainingJob,
  options: WebTrainingContext["runtime"],
  setUpInMemory: SetUpInMemory,
): Workplace {
  const { network, device = "wasm", threads } = job;
  requireConsistentCard(network, "network");
  requireThreads(threads);
  const setup = setUpInMemory(job, completeRecipe(job.recipe));
  const { recipe, source, step, refuses, sampleShape = network.imageShape, validate } = setup;
  const plan = planTraining({
    module: createCardModule(network),
    sampleShape,
    recipe,
    stepsPerEpoch: stepsPerEpoch(source.plan),
    validates: validate !== undefined,
    isImported: network.model.graph !== undefined,
    ...(step === undefined ? {} : { step }),
    ...(refuses === undefined ? {} : { refuses }),
  });
  const runtime = createWebRuntime({ ...options, ...(threads === undefined ? {} : { threads }) });
  const session: SessionOptions = { executionProviders: [device], memoryPattern: device === "wasm" };
  return { job, runtime, session, setup, plan };
}

/** The network as safetensors, with its card. */
function encodeWeights(card: NetworkCard, state: TrainingState): Uint8Array {
  const module = createCardModule(card);
  const { model, imageShape } = card;
  const names = stateShapes(module);
  const own = new Map([...state].filter(([name]) => names.has(name)));
  const network = { kind: "network", model, imageShape, module, state: own, card } as const;
  return joinBytes(encodeSafetensorsChunks(own, safetensorsMetadata(network)));
}

/** Evaluates a prediction state. */
function validateState(
  { job, runtime, session, plan }: Workplace,
  validate: NonNullable<MemorySetup["validate"]>,
  state: TrainingState,
): Promise<Evaluation> {
  const { imageShape } = job.network;
  return withInference({ runtime, module: plan.module, imageShape, state, session }, validate);
}

/**
 * Trains in the calling thread, a worker's. Parameters stay in the runtime until the end.
 *
 * @param setUpInMemory the task's set-up function
 */
export async function performTraining(
  job: WebTrainingJob,
  context: WebTrainingContext,
  setUpInMemory: SetUpInMemory,
): Promise<WebTrainingResult> {
  context.report({ kind: "loading" });
  const place = openWorkplace(job, context.runtime, setUpInMemory);
  const { runtime, session, setup, plan } = place;
  const { source, validate, test } = setup;
  const { network, start, device = "wasm" } = job;
  const { report, shouldStop } = context;
  const writeBatch = source.createWriter();
  report({ kind: "compiling" });
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
      measures: setup.measures,
      place: startOfTraining,
      nextBatch: () =>
        makeBatch(source.shapes, plan.imagesPerStep, (images, labels) => writeBatch(trainer.steps, images, labels)),
      ...(validate === undefined ? {} : { validate: (state: TrainingState) => validateState(place, validate, state) }),
      shouldStop,
      onStep: (progress) => report({ kind: "step", progress }),
      onEpoch: async ({ epochs }, isBest) => {
        if (isBest) best = await trainer.state();
        report({ kind: "epoch", record: epochs.at(-1)!, isBest });
      },
    });
    const state = await finalState(trainer, outcome.place, async () => best!);
    const isWhole = outcome.status === "done" || outcome.status === "early-stopped";
    return {
      ...outcome,
      recipe: plan.recipe,
      onnx: joinBytes(exportOnnxChunks(network, state)),
      weights: encodeWeights(network, state),
      ...(isWhole && test !== undefined ? { test: await validateState(place, test, state) } : {}),
    };
  } finally {
    await trainer.release();
  }
}
