import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Running } from "../../../jobs/job.ts";
import { runInWorker } from "../../../jobs/web/worker.ts";
import type { Words } from "../../../report/words.ts";
import type { CurvePoint } from "../../curve-point.ts";
import type { JudgeProgress } from "../../engine.ts";
import type { Said } from "../../said.ts";
import type { TrainChoice } from "../../train-choice.ts";
import { holdBusy } from "../busy.ts";
import { findOngoing, holdEngine } from "../engines.ts";
import { messageOf } from "../message.ts";
import type { RunHooks } from "./hear-training.ts";
import { type Keeper, notKept, openKeeper, type Reached, readKept } from "./kept-training.ts";
import { type ImageSource, type ReadEvent, type ReadImages, reading } from "./read-job.ts";
import { findRun, startRun, type TrainedNetwork, type TrainingRun } from "./run.ts";

/** What the page is doing. */
export type Phase = "empty" | "reading" | "ready" | "preparing" | "training" | "judging" | "ended";

/** What of a choice decides how images are read. */
type ReadChoice = Pick<TrainChoice, "size" | "seed">;

/** The page's state, as it is shown. */
export interface TrainState {
  readonly phase: Phase;
  readonly reading?: ReadEvent | undefined;
  readonly images?: ReadImages | undefined;
  /** By step, from the first. */
  readonly curve: readonly CurvePoint[];
  /** All steps of the training. */
  readonly steps?: number | undefined;
  readonly secondsLeft?: number | undefined;
  /** How far the judgement is. */
  readonly judging?: JudgeProgress | undefined;
  readonly trained?: TrainedNetwork | undefined;
  /** Whether there is a checkpoint to go on from. */
  readonly canGoOn: boolean;
  /** Whether the training was kept by an earlier visit, and nothing was done with it yet. */
  readonly isKept: boolean;
  /** The server's job that computes the training, or did: it goes on without the page. */
  readonly job?: string | undefined;
  /** Steps that a reload of the page would not lose. */
  readonly keptSteps?: number | undefined;
  /** Why a reload would lose the training. */
  readonly notKept?: Words | undefined;
  /** What the training said, such as what it changed. */
  readonly notes: readonly string[];
  readonly problem?: Said | undefined;
}

const start: TrainState = { phase: "empty", curve: [], canGoOn: false, isKept: false, notes: [] };

const shown: Signal<TrainState> = signal(start);
/** What the page shows, at most ten times a second while it trains. */
export const trainState: ReadonlySignal<TrainState> = shown;

/** Where the images came from, and how they were read: another size or seed needs them once more. */
let source: ImageSource | undefined;
let readWith: ReadChoice | undefined;
let readingNow: Running<ReadEvent, ReadImages> | undefined;
let run: TrainingRun | undefined;
let reached: Reached | undefined;
let keeper: Keeper | undefined;
/** The choice that the last training was started with: going on keeps to it. */
let trainedWith: TrainChoice | undefined;

function change(own: Partial<TrainState>): void {
  shown.value = { ...shown.value, ...own };
}

/** Whether something is under way that a new choice would disturb. */
export function isWorking(): boolean {
  return ["reading", "preparing", "training", "judging"].includes(shown.value.phase);
}

/** Whether the images can be read once more: those of an earlier visit cannot. */
export function hasSource(): boolean {
  return source !== undefined;
}

/** What is shown of a training that an earlier visit kept. */
const offered: Pick<TrainState, "canGoOn" | "isKept"> = { canGoOn: true, isKept: true };

/** Follows the job that went on, or ended, while the page was away; offers what is kept if the server has it no more. */
async function findAgain(images: ReadImages, choice: TrainChoice, job: string): Promise<void> {
  const ongoing = await findOngoing();
  const jobs = await ongoing?.list().catch(() => []);
  // Meanwhile its reader may have left it.
  if (shown.value.job !== job || shown.value.phase !== "ready") return;
  if (ongoing === undefined || jobs?.some(({ id }) => id === job) !== true) {
    change({ ...offered, job: undefined });
    return;
  }
  change({ phase: "preparing", canGoOn: true });
  await follow(findRun(images, choice, hooksFrom(reached), { ongoing, job }));
}

/** Takes hold of what is kept, and offers the training of an earlier visit. Once. */
let opening: Promise<TrainChoice | undefined> | undefined;
export function openKept(): Promise<TrainChoice | undefined> {
  opening ??= (async () => {
    const opened = await openKeeper();
    if (typeof opened === "string") {
      change({ notKept: notKept[opened] });
      return undefined;
    }
    keeper = opened;
    const before = await readKept();
    if (before === undefined || shown.value.phase !== "empty") return undefined;
    const { images, choice, job } = before;
    reached = before.reached;
    trainedWith = choice;
    // One that may go on in the server is not begun beside it; whoever leaves it leaves it there, too.
    change({ phase: "ready", images, curve: reached?.curve ?? [], job, ...(job === undefined ? offered : {}) });
    if (job !== undefined) void findAgain(images, choice, job);
    return choice;
  })();
  return opening;
}

/** Reads images by class; what was there before is left. */
export async function readFrom(from: ImageSource, { size, seed }: ReadChoice): Promise<void> {
  readingNow?.kill();
  forgetJob();
  [source, readWith, reached] = [from, { size, seed }, undefined];
  const job = runInWorker(
    reading,
    { source: from, size, seed },
    { onEvent: (event) => readingNow === job && change({ reading: event }) },
  );
  readingNow = job;
  holdBusy(job.result);
  const { notKept: why } = shown.value;
  shown.value = { ...start, notKept: why, phase: "reading" };
  try {
    const images = await job.result;
    if (readingNow === job) change({ phase: "ready", images, problem: images.problem });
  } catch (error) {
    if (readingNow === job) change({ phase: "empty", problem: messageOf(error) });
  }
}

/** Says why what was dropped or chosen cannot be read. */
export function refuse(problem: Words): void {
  change({ problem });
}

async function beginKeeping(images: ReadImages, choice: TrainChoice): Promise<void> {
  try {
    await keeper?.begin({ images, choice });
  } catch {
    change({ notKept: notKept.full });
  }
}

async function keepReached(next: Reached): Promise<void> {
  reached = next;
  change({ canGoOn: true });
  try {
    if (keeper === undefined) return;
    await keeper.keep(next);
    change({ keptSteps: next.curve.length });
  } catch {
    change({ notKept: notKept.full });
  }
}

async function follow(own: TrainingRun): Promise<void> {
  run = own;
  holdEngine(own.result);
  try {
    const trained = await own.result;
    if (run === own) change({ phase: "ended", trained });
  } catch (error) {
    if (run === own) change({ phase: "ready", problem: messageOf(error) });
  } finally {
    if (run === own) run = undefined;
  }
}

function hooksFrom(from: Reached | undefined): RunHooks {
  return {
    from,
    show: change,
    note: (text) => change({ notes: [...shown.value.notes, text] }),
    keep: (next) => void keepReached(next),
    goesOn: noteJob,
  };
}

function noteJob(job: string | undefined): void {
  change({ job });
  // If the note cannot be kept, the page lists the job as one of another tab's.
  keeper?.noteJob(job).catch(() => undefined);
}

/** Lets the server forget the job of the training that was shown. */
function forgetJob(): void {
  const { job } = shown.value;
  if (job === undefined) return;
  noteJob(undefined);
  void findOngoing().then((ongoing) => ongoing?.forget(job));
}

function startFrom(images: ReadImages, choice: TrainChoice, from: Reached | undefined): Promise<void> {
  forgetJob();
  trainedWith = choice;
  change({
    phase: "preparing",
    curve: from?.curve ?? [],
    steps: undefined,
    secondsLeft: undefined,
    trained: undefined,
    problem: undefined,
    isKept: false,
    keptSteps: from?.curve.length,
    notes: [],
  });
  return follow(startRun(images, choice, hooksFrom(from)));
}

/** The images as a choice wants them: read once more if their size or what is held back is another. */
async function imagesFor({ size, seed }: ReadChoice): Promise<ReadImages | undefined> {
  if (source !== undefined && (readWith?.size !== size || readWith.seed !== seed))
    await readFrom(source, { size, seed });
  const { images } = shown.value;
  return images?.problem === undefined ? images : undefined;
}

/** Trains from the first step. */
export async function startTraining(choice: TrainChoice): Promise<void> {
  if (isWorking()) return;
  const images = await imagesFor(choice);
  if (images === undefined || isWorking()) return;
  reached = undefined;
  change({ phase: "preparing", canGoOn: false });
  await beginKeeping(images, choice);
  await startFrom(images, choice, undefined);
}

/** Goes on where a training stopped, with the choice that it was started with. */
export async function goOn(): Promise<void> {
  const { images } = shown.value;
  if (images === undefined || trainedWith === undefined || isWorking()) return;
  await startFrom(images, trainedWith, reached);
}

/** Ends the training after its current step. */
export function stopTraining(): void {
  run?.stop();
}

/** Leaves everything, what is kept as well. */
export async function startOver(): Promise<void> {
  readingNow?.kill();
  run?.kill();
  forgetJob();
  [source, readingNow, run, reached, trainedWith] = [undefined, undefined, undefined, undefined, undefined];
  shown.value = { ...start, notKept: shown.value.notKept };
  await keeper?.forget().catch(() => undefined);
}
