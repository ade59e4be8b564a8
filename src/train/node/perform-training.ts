import {
  acquireLock,
  folderLockPath,
  makeFolder,
  removeUnfinished,
  type Unlock,
  writeFileAtomically,
} from "../../files/node.ts";
import { dirname, join } from "node:path";
import process from "node:process";
import { createBatchLoader } from "../../data/node/loader.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { type Checkpoint, encodeCheckpointChunks, type TrainingPlace } from "../checkpoint.ts";
import { cautionOfWarmUp, cautionsOf } from "../cautions.ts";
import { rateOf } from "../rate.ts";
import type { Evaluation } from "../evaluation.ts";
import { withInference } from "../../networks/inference.ts";
import { exportOnnxChunks } from "../../networks/export.ts";
import { openTrainer, type TrainingPlan } from "../engine.ts";
import { describeSkippedStep, finalState, runTraining, type TrainingOutcome } from "../loop.ts";
import type { ChosenLowering } from "../lowering.ts";
import { CollectiveError } from "../strategies/collective.ts";
import { createCardModule } from "../../networks/card.ts";
import type { Trainer, TrainingState } from "../trainer.ts";
import type { LabeledBatch } from "../batch.ts";
import { errorMessage } from "../../tensor/errors.ts";
import type { JobContext } from "../../jobs/job.ts";
import { explainLoss, type KeptTraining } from "./lost-device.ts";
import { drawBatch, measureDistributions } from "./details.ts";
import { bringBest, findCheckpoint, readBest, readCheckpoint, type TrainingFiles, trainingFilesIn } from "./files.ts";
import { openEngine } from "./open-engine.ts";
import { continueTraining } from "./resume.ts";
import { noTeam, type Team } from "./team.ts";
import { type FindTrainingTask, planSetup, type SetupContext, type TrainingSetup } from "./set-up.ts";
import type { ContinuedTraining, FreshTraining, TrainingEvent, TrainingJob, TrainingResult } from "./job.ts";
import { createModelCache } from "./model-cache.ts";

/** The most seconds of work that a crash may lose; a longer step may be lost whole. */
const CHECKPOINT_SECONDS = 60;
const FRESH_FOLDER = "residua-train";

/** The state shared by the parts of a training run. */
interface Workplace {
  readonly runtime: Runtime;
  readonly chosen: ChosenLowering;
  readonly job: TrainingJob;
  readonly setup: TrainingSetup;
  readonly plan: TrainingPlan;
  readonly files: TrainingFiles;
  readonly folder: string;
  /** The checkpoint that it resumes from. */
  readonly resumed: string | undefined;
  readonly context: JobContext<TrainingEvent>;
  readonly team: Team;
}

async function openWorkplace(
  job: TrainingJob,
  context: JobContext<TrainingEvent>,
  findTask: FindTrainingTask,
  team: Team,
): Promise<Workplace> {
  context.report({ kind: "loading" });
  const { start, cache } = job;
  const note = (text: string): void => context.report({ kind: "note", text });
  const resumed = "resume" in start ? await findCheckpoint(start.resume) : undefined;
  // Before `start` is reported and any file written.
  const { setup, plan, opened } = await team.agree(async () => {
    const from = "resume" in start ? { ...start, resume: resumed!, checkpoint: await readCheckpoint(resumed!) } : start;
    const { precision } = ("checkpoint" in from ? from.checkpoint.notes : from).recipe;
    const found = await openEngine(job, precision);
    const made = await setUp(from, findTask, { cache, engine: found.engine, note });
    return { setup: made, plan: planSetup(made, { ranks: team.collective.size }), opened: found };
  });
  const { runtime, chosen } = opened;
  const step = team.describeStep?.(setup.notes.recipe);
  if (step !== undefined) note(step);
  if (chosen.reason !== undefined) note(`training with the portable lowering: ${chosen.reason}`);
  const warmUp = cautionOfWarmUp(plan.recipe.warmupSteps, plan.steps);
  if (warmUp !== undefined) note(warmUp);
  const folder = job.out ?? (resumed === undefined ? FRESH_FOLDER : dirname(resumed));
  return { runtime, chosen, job, setup, plan, files: trainingFilesIn(folder), folder, resumed, context, team };
}

/** Locks the folder, brings what lies beside the resumed checkpoint, and reports that training starts. */
async function occupyFolder({ folder, resumed, setup, plan, files, context, team }: Workplace): Promise<Unlock> {
  if (!team.isFirst) return async () => undefined;
  const unlock = await acquireLock(folderLockPath(folder), folder);
  try {
    await Promise.all([files.last, files.best, files.onnx].map(removeUnfinished));
    if (resumed !== undefined) await bringBest(setup.notes, resumed, files);
    context.report({
      kind: "start",
      start: {
        notes: setup.notes,
        folder,
        stepsPerEpoch: plan.stepsPerEpoch,
        measures: setup.measures,
        ...(resumed === undefined ? {} : { resumed }),
      },
    });
    return unlock;
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function setUp(
  start: FreshTraining | (ContinuedTraining & { readonly checkpoint: Checkpoint }),
  findTask: FindTrainingTask,
  surroundings: SetupContext,
): Promise<TrainingSetup> {
  if (!("resume" in start)) return (await findTask(start.task, "task")).setUp(start, surroundings);
  const resumed = continueTraining(start, start.checkpoint, surroundings);
  const task = await findTask(resumed.checkpoint.notes.network.task, resumed.path);
  return task.setUp(resumed, surroundings);
}

/** Evaluates a prediction state on the validation split or the test set. Cautions about the result become notes. */
async function evaluateState(
  { runtime, job, setup, context }: Workplace,
  state: TrainingState,
  part: "validation" | "test",
  isFirst = true,
): Promise<Evaluation> {
  const { network } = setup.notes;
  const module = createCardModule(network);
  const { imageShape } = network;
  const found = await withInference({ runtime, module, imageShape, state, session: job.session }, (session) =>
    setup.evaluate(session, part, (done, count) => context.report({ kind: "evaluating", part, done, count })),
  );
  const cautions = isFirst ? cautionsOf(found, setup.measures.main, `the ${part} part`) : [];
  for (const text of cautions) context.report({ kind: "note", text });
  return found;
}

/** Trains to the end or until stopped, writing checkpoints along the way. */
async function trainAndKeep(place: Workplace, trainer: Trainer): Promise<TrainingOutcome & Rate> {
  const { job, setup, plan, files, context, team } = place;
  const { notes } = setup;
  const source = team.share(setup.source);
  const keep = async (path: string, reached: TrainingPlace): Promise<void> => {
    if (!team.isFirst) return;
    const begin = performance.now();
    const chunks = encodeCheckpointChunks({ notes: { ...notes, place: reached }, state: await trainer.state() });
    await writeFileAtomically(path, chunks);
    context.report({ kind: "checkpoint", path, step: reached.step });
    kept = { path, step: reached.step };
    keeping = performance.now() - begin;
    lastKept = begin + keeping;
  };
  const { steps } = plan;
  const every = job.snapshots === undefined ? undefined : Math.max(1, Math.floor(steps / job.snapshots));
  const keepSnapshot = async (reached: TrainingPlace): Promise<void> => {
    if (every === undefined || !team.isFirst || (reached.step % every !== 0 && reached.step !== steps)) return;
    await makeFolder(files.snapshots);
    await keep(join(files.snapshots, `${String(reached.step).padStart(7, "0")}.safetensors`), reached);
  };
  const loader = createBatchLoader(source, { workers: job.workers, firstStep: notes.place.step });
  const durations: number[] = [];
  /** The latest checkpoint to resume from. */
  let kept: KeptTraining | undefined =
    place.resumed === undefined ? undefined : { path: place.resumed, step: notes.place.step };
  let batch: LabeledBatch | undefined;
  let isShown = false;
  let isValidated = false;
  let latest = notes.place;
  let [lastStep, lastKept] = [performance.now(), performance.now()];
  /** How long the last checkpoint took to write. */
  let keeping = 0;
  /** Whether another step and its checkpoint would exceed the work that may be lost. */
  const isDue = (): boolean => {
    const next = (durations.at(-1) ?? 0) + keeping;
    return performance.now() - lastKept + next > 1000 * (job.checkpointSeconds ?? CHECKPOINT_SECONDS);
  };
  try {
    await keepSnapshot(notes.place);
    const outcome = await runTraining({
      plan,
      trainer,
      measures: setup.measures,
      place: notes.place,
      nextBatch: () => {
        batch = loader.next();
        if (job.details && team.isFirst && !isShown) {
          const shown = batch;
          // Async, so that an error thrown while drawing becomes a rejection.
          const draw = async (): Promise<TrainingEvent> => ({
            kind: "sample",
            image: drawBatch(shown, source.normalization),
          });
          void reportDetail(place, draw());
        }
        isShown = true;
        return batch;
      },
      ...(setup.validates
        ? {
            validate: (state: TrainingState) => {
              const isFirst = !isValidated;
              isValidated = true;
              return team.fromFirst(() => evaluateState(place, state, "validation", isFirst));
            },
          }
        : {}),
      shouldStop: context.shouldStop,
      onStep: (progress) => {
        const milliseconds = performance.now() - lastStep;
        lastStep += milliseconds;
        durations.push(milliseconds);
        context.report({ kind: "step", progress, milliseconds, batch: plan.imagesPerStep });
        if (progress.isSkipped === true) context.report({ kind: "note", text: describeSkippedStep(progress) });
      },
      onEpoch: async (reached, isBest) => {
        await team.requireSame(reached.step, () => trainer.state());
        latest = reached;
        context.report({ kind: "epoch", record: reached.epochs.at(-1)!, isBest });
        if (isBest) await keep(files.best, reached);
        await keep(files.last, reached);
        await keepSnapshot(reached);
        if (job.details && team.isFirst && batch !== undefined)
          await reportDistributions(place, await trainer.state(), batch);
        lastStep = performance.now();
      },
      onPause: async (reached) => {
        latest = reached;
        // The last step of an epoch is saved once the epoch is closed.
        if (reached.step % plan.stepsPerEpoch !== 0) await keepSnapshot(reached);
        if (isDue()) await keep(files.last, reached);
      },
    });
    const isUndone = outcome.status === "diverged" && outcome.isUndone;
    if (outcome.status === "stopped") await team.requireSame(outcome.place.step, () => trainer.state());
    if (outcome.status === "stopped" || isUndone) await keep(files.last, outcome.place);
    return { ...outcome, imagesPerSecond: rateOf(durations, plan.imagesPerStep) };
  } catch (error) {
    if (error instanceof CollectiveError) await keep(files.last, latest);
    throw explainLoss(error, kept);
  } finally {
    await loader.release();
  }
}

/** Details must not disturb training: a failure becomes a note. */
async function reportDetail(place: Workplace, detail: Promise<TrainingEvent>): Promise<void> {
  const event = await detail.catch((error: unknown): TrainingEvent => {
    return { kind: "note", text: `no details: ${errorMessage(error)}` };
  });
  place.context.report(event);
}

function reportDistributions(place: Workplace, state: TrainingState, batch: LabeledBatch): Promise<void> {
  const { notes, step } = place.setup;
  const { network: card, recipe } = notes;
  const measured = measureDistributions(place.runtime, { card, recipe, ...(step && { step }) }, state, batch);
  return reportDetail(
    place,
    measured.then((distributions) => ({ kind: "distributions", distributions })),
  );
}

interface Rate {
  readonly imagesPerSecond: number;
}

/** Exports the best network (the last, if there was no validation) and evaluates it on the test set, once. */
async function concludeTraining(
  place: Workplace,
  trainer: Trainer,
  reached: TrainingPlace,
): Promise<Pick<TrainingResult, "test">> {
  const { setup, files } = place;
  const notes = { ...setup.notes, place: reached };
  const state = await finalState(trainer, reached, async () => (await readBest(files, notes)).state as TrainingState);
  await writeFileAtomically(files.onnx, exportOnnxChunks(notes.network, state));
  return { test: await evaluateState(place, state, "test") };
}

/**
 * Trains for the task named by the job or its checkpoint, as a child-process job.
 *
 * @param team the processes that train together, each of which runs this; by default, this one alone
 */
export async function performTraining(
  job: TrainingJob,
  context: JobContext<TrainingEvent>,
  findTask: FindTrainingTask,
  team: Team = noTeam,
): Promise<TrainingResult> {
  const before = process.cpuUsage();
  const place = await openWorkplace(job, context, findTask, team);
  const unlock = await occupyFolder(place);
  try {
    const result = await trainInPlace(place);
    const { user, system } = process.cpuUsage(before);
    return { ...result, processorSeconds: (user + system) / 1e6 };
  } finally {
    await unlock();
  }
}

async function trainInPlace(place: Workplace): Promise<Omit<TrainingResult, "processorSeconds">> {
  const { job } = place;
  const { setup, files, chosen, runtime, plan } = place;
  const host = {
    runtime,
    lowering: chosen.lowering,
    session: job.session,
    cache: createModelCache(join(job.cache, "compiled")),
    ...(place.team.strategy && { strategy: place.team.strategy }),
  };
  const { state } = setup;
  place.context.report({ kind: "compiling" });
  const trainer = await openTrainer(plan, host, state && { state, steps: setup.notes.place.step });
  try {
    const { place: reached, status, reason, diverged, imagesPerSecond } = await trainAndKeep(place, trainer);
    const isWhole = status === "done" || status === "early-stopped";
    return {
      status,
      steps: reached.step,
      epochs: reached.epochs,
      mainMeasure: setup.measures.main.name,
      lowering: chosen.name,
      ...(setup.notes.engine.device === undefined ? {} : { device: setup.notes.engine.device }),
      imagesPerSecond,
      ...(reason === undefined ? {} : { reason }),
      ...(diverged === undefined ? {} : { diverged }),
      ...(reached.best === undefined ? {} : { best: reached.best }),
      ...(await place.team.fromFirst(async () => (isWhole ? concludeTraining(place, trainer, reached) : {}))),
      files: {
        last: files.last,
        ...(reached.best === undefined ? {} : { best: files.best }),
        ...(isWhole ? { onnx: files.onnx } : {}),
      },
    };
  } finally {
    await trainer.release();
  }
}
