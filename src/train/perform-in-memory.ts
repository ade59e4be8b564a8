import { makeBatch, stepsPerEpoch } from "../data/batches.ts";
import type { JobContext } from "../jobs/job.ts";
import type { Runtime, SessionOptions } from "../runtime/runtime.ts";
import { OptionError } from "../tensor/errors.ts";
import { joinBytes } from "../tensor/bytes.ts";
import type { Evaluation } from "./evaluation.ts";
import { withInference } from "../networks/inference.ts";
import { exportOnnxChunks, safetensorsMetadata } from "../networks/export.ts";
import { openTrainer, planTraining, type TrainingPlan } from "./engine.ts";
import { cautionOfWarmUp } from "./cautions.ts";
import type { TrainingPlace } from "./checkpoint.ts";
import { describeSkippedStep, finalState, runTraining, type TrainingOutcome } from "./loop.ts";
import { createCardModule, type NetworkCard, requireConsistentCard, stateShapes } from "../networks/card.ts";
import type { MemorySetup, SetUpInMemory } from "./memory-training.ts";
import { encodeSafetensorsChunks } from "../weights/safetensors/safetensors.ts";
import { completeRecipe } from "./recipe-check.ts";
import type { Trainer, TrainingState } from "./trainer.ts";
import type { ChosenLowering } from "./lowering.ts";
import { encodeReached, notesOf, type ReachedTraining, readReached, type TrainingNotes } from "./memory-checkpoint.ts";
import type { MemoryEvent, MemoryJob, MemoryResult } from "./memory-job.ts";

/** What a training on images in memory is computed with. */
export interface MemoryHost {
  readonly runtime: Runtime;
  readonly session: SessionOptions;
  readonly chosen: Pick<ChosenLowering, "lowering" | "name">;
  /** With its adapter; left out for the processor. */
  readonly device?: string | undefined;
}

/** The state shared by the parts of a training run. */
interface Workplace {
  readonly job: MemoryJob;
  readonly host: MemoryHost;
  readonly setup: MemorySetup;
  readonly plan: TrainingPlan;
}

/** A training as far as it is planned, before anything computes. */
function planJob(job: MemoryJob, setUpInMemory: SetUpInMemory): Omit<Workplace, "host"> {
  const { network } = job;
  requireConsistentCard(network, "network");
  const setup = setUpInMemory(job, completeRecipe(job.recipe));
  const { recipe, source, step, refuses, sampleShape = network.imageShape, validate, imagesToWhiten } = setup;
  const plan = planTraining({
    module: createCardModule(network),
    sampleShape,
    recipe,
    stepsPerEpoch: stepsPerEpoch(source.plan),
    validates: validate !== undefined,
    isImported: network.model.graph !== undefined,
    ...(step === undefined ? {} : { step }),
    ...(refuses === undefined ? {} : { refuses }),
    // Weights that are there are not whitened.
    ...(imagesToWhiten === undefined || job.start !== undefined ? {} : { imagesToWhiten }),
  });
  return { job, setup, plan };
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
  { job, host: { runtime, session }, plan }: Workplace,
  validate: NonNullable<MemorySetup["validate"]>,
  state: TrainingState,
): Promise<Evaluation> {
  const { imageShape } = job.network;
  return withInference({ runtime, module: plan.module, imageShape, state, session }, validate);
}

/** Whether so many seconds have passed since it last answered yes. */
function everySeconds(seconds: number | undefined): () => boolean {
  let last = performance.now();
  return () => {
    if (seconds === undefined || performance.now() - last < 1000 * seconds) return false;
    last = performance.now();
    return true;
  };
}

/** Trains from where it begins to the end or until stopped, and reports checkpoints on the way. */
async function trainAndReport(
  place: Workplace,
  trainer: Trainer,
  {
    start,
    notes,
    context,
  }: {
    readonly start: Pick<ReachedTraining, "place" | "best">;
    readonly notes: TrainingNotes;
    readonly context: JobContext<MemoryEvent>;
  },
): Promise<{ readonly outcome: TrainingOutcome; readonly state: TrainingState }> {
  const { setup, plan, job } = place;
  const { source, validate, measures } = setup;
  const { report, shouldStop } = context;
  const writeBatch = source.createWriter();
  let { best } = start;
  const keep = async (reached: TrainingPlace): Promise<void> => {
    if (job.checkpointSeconds === undefined) return;
    const state = await trainer.state();
    const checkpoint = encodeReached(notes, { place: reached, state, ...(best === undefined ? {} : { best }) });
    report({ kind: "checkpoint", step: reached.step, checkpoint });
  };
  const isDue = everySeconds(job.checkpointSeconds);
  let lastStep = performance.now();
  const outcome = await runTraining({
    plan,
    trainer,
    measures,
    place: start.place,
    nextBatch: () =>
      makeBatch(source.shapes, plan.imagesPerStep, (images, labels) => writeBatch(trainer.steps, images, labels)),
    ...(validate === undefined ? {} : { validate: (state: TrainingState) => validateState(place, validate, state) }),
    shouldStop,
    onStep: (progress) => {
      const milliseconds = performance.now() - lastStep;
      lastStep += milliseconds;
      report({ kind: "step", progress, milliseconds, batch: plan.imagesPerStep });
      if (progress.isSkipped === true) report({ kind: "note", text: describeSkippedStep(progress) });
    },
    onEpoch: async (reached, isBest) => {
      if (isBest) best = await trainer.state();
      report({ kind: "epoch", record: reached.epochs.at(-1)!, isBest });
      await keep(reached);
      lastStep = performance.now();
    },
    onPause: async (reached) => {
      if (isDue()) await keep(reached);
    },
  });
  if (outcome.status === "stopped" || outcome.isUndone === true) await keep(outcome.place);
  return { outcome, state: await finalState(trainer, outcome.place, async () => best!) };
}

/** @throws {OptionError} naming what cannot be resumed or kept so */
function requireKeeping({ resume, start, checkpointSeconds }: MemoryJob): void {
  if (resume !== undefined && start !== undefined)
    throw new OptionError("start", "does not go with `resume`, which has weights of its own; leave one out");
  if (checkpointSeconds !== undefined && !(checkpointSeconds >= 0))
    throw new OptionError("checkpointSeconds", `must be a number from 0, got ${checkpointSeconds}`);
}

/**
 * Trains in the calling thread, a worker's or a process's own. Parameters stay in the runtime until the end.
 *
 * @param openHost opens what computes, once the job is known to be one
 * @param setUpInMemory the task's set-up function
 */
export async function performInMemory(
  job: MemoryJob,
  openHost: () => Promise<MemoryHost>,
  context: JobContext<MemoryEvent>,
  setUpInMemory: SetUpInMemory,
): Promise<MemoryResult> {
  const { report } = context;
  report({ kind: "loading" });
  requireKeeping(job);
  const planned = planJob(job, setUpInMemory);
  const host = await openHost();
  const place: Workplace = { ...planned, host };
  const { runtime, session, chosen, device } = host;
  const { setup, plan } = place;
  const { network } = job;
  const notes = notesOf(job, plan.recipe, {
    lowering: chosen.name,
    runtime: `${runtime.name} ${runtime.version}`,
    ...(device === undefined ? {} : { device }),
  });
  const note = (text: string): void => report({ kind: "note", text });
  const start = readReached(job.resume, notes, note);
  const warmUp = cautionOfWarmUp(plan.recipe.warmupSteps, plan.steps);
  if (warmUp !== undefined) note(warmUp);
  const state = start.state ?? job.start;
  const { measures } = setup;
  const whole = { ...notes, place: start.place };
  report({ kind: "start", start: { notes: whole, stepsPerEpoch: plan.stepsPerEpoch, measures } });
  report({ kind: "compiling" });
  const trainer = await openTrainer(
    plan,
    { runtime, lowering: chosen.lowering, session },
    state && { state, steps: start.place.step },
  );
  try {
    const { outcome, state: reached } = await trainAndReport(place, trainer, { start, notes, context });
    const isWhole = outcome.status === "done" || outcome.status === "early-stopped";
    return {
      ...outcome,
      recipe: plan.recipe,
      onnx: joinBytes(exportOnnxChunks(network, reached)),
      weights: encodeWeights(network, reached),
      ...(isWhole && setup.test !== undefined ? { test: await validateState(place, setup.test, reached) } : {}),
    };
  } finally {
    await trainer.release();
  }
}
