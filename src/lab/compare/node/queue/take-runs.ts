import { hostname } from "node:os";
import { clearInterval, setInterval } from "node:timers";
import { setTimeout as wait } from "node:timers/promises";
import { combineObservers, type JobObserver } from "../../../../train/observers.ts";
import { runInChild } from "../../../../jobs/node/child-process.ts";
import type { StoreAddress } from "../../../../store/address.ts";
import type { Device } from "../../../../runtime/device.ts";
import type { RunStore } from "../../../../store/run-store.ts";
import { EnvironmentError, errorMessage, OptionError } from "../../../../tensor/errors.ts";
import type { CompareEvent, CompareJob } from "../../job.ts";
import { checkQueuedRun, type QueuedRun } from "../../queued-run.ts";
import { identifyImages } from "../identify-images.ts";
import { keyOfRun } from "../known-runs.ts";
import type { ReportedComparison } from "../record.ts";
import { type Attempt, beginAttempt, isHeld, whileHeld } from "./attempts.ts";
import { placeData } from "./data-root.ts";
import { hasEnded } from "./follow-runs.ts";
import { removeCheckpoints, runFolder } from "./files.ts";
import { takenRunJob } from "./job.ts";
import type { QueuedJob, RunQueue } from "./run-queue.ts";
import type { RegisteredWorker } from "./shared-folder.ts";

/** What a worker has of its own; a job decides none of it. */
export interface WorkerPlace {
  readonly store: RunStore;
  readonly address: StoreAddress;
  readonly queue: RunQueue;
  readonly worker: RegisteredWorker;
  /** Where results and checkpoints lie. */
  readonly shared: string;
  /** Where folders of images lie; known data sets alone if left out. */
  readonly dataRoot?: string;
  readonly cache: string;
  /** Where this worker computes; the processor if left out. */
  readonly device?: Device;
  readonly threads?: number;
  readonly checkpointMilliseconds: number;
  /** Whether to end after one run. */
  readonly once: boolean;
  readonly record: (job: CompareJob) => JobObserver<CompareEvent, ReportedComparison>;
  readonly tell: (event: WorkerEvent) => void;
}

/** What a worker tells. */
export type WorkerEvent =
  | { readonly kind: "took"; readonly run: QueuedRun; readonly attempt: Attempt }
  | { readonly kind: "progress"; readonly run: QueuedRun; readonly event: CompareEvent }
  | { readonly kind: "done"; readonly run: QueuedRun }
  /** It was done before, by another worker. */
  | { readonly kind: "known"; readonly run: QueuedRun }
  /** No worker can train it. */
  | { readonly kind: "refused"; readonly reason: string }
  /** Another try follows, here or elsewhere. */
  | { readonly kind: "gave-back"; readonly reason: string }
  | { readonly kind: "lost"; readonly run: QueuedRun }
  | { readonly kind: "unreachable"; readonly reason: string }
  | { readonly kind: "reached" };

const POLL_MILLISECONDS = 1_000;
/** Renewals per lease, so that one that comes late or is lost does no harm. */
const RENEWALS = 3;
/** A worker that others should know to be alive says so at least this often. */
const RENEW_MILLISECONDS = 10_000;

/** A worker at work. */
export interface TakingRuns {
  /** Resolves when it has ended. */
  readonly result: Promise<void>;
  /** Ends after the step under way; the run goes back to the queue with a checkpoint. */
  readonly stop: () => void;
  /** Ends at once; the run goes on elsewhere when its lease is over. */
  readonly kill: () => void;
}

/** Takes runs off a queue and trains them, one after another, until it is stopped. */
export function takeRuns(place: WorkerPlace): TakingRuns {
  const control = createControl();
  return { result: work(place, control), stop: control.stop, kill: control.kill };
}

interface Control {
  readonly stop: () => void;
  readonly kill: () => void;
  readonly isStopped: () => boolean;
  /** The training under way, which stops and ends with the worker. */
  readonly hold: (running: { readonly stop: () => void; readonly kill: () => void } | undefined) => void;
}

function createControl(): Control {
  let isStopped = false;
  let held: Parameters<Control["hold"]>[0];
  return {
    stop: () => {
      isStopped = true;
      held?.stop();
    },
    kill: () => {
      isStopped = true;
      held?.kill();
    },
    isStopped: () => isStopped,
    hold: (running) => {
      held = running;
      if (isStopped) held?.stop();
    },
  };
}

async function work(place: WorkerPlace, control: Control): Promise<void> {
  const { queue, worker, once } = place;
  let renewedAt = performance.now();
  while (!control.isStopped()) {
    const job = await insist(place, control, async () => {
      if (performance.now() - renewedAt > RENEW_MILLISECONDS) {
        await worker.renew();
        renewedAt = performance.now();
      }
      return queue.take();
    });
    if (job === undefined) await wait(POLL_MILLISECONDS);
    else await performJob(place, control, job);
    if (once && job !== undefined) break;
  }
}

/** Tries until the database can be reached, or the worker is stopped. */
async function insist<T>(
  { tell }: Pick<WorkerPlace, "tell">,
  control: Control,
  ask: () => Promise<T>,
): Promise<T | undefined> {
  for (let isLost = false; ;) {
    try {
      const answer = await ask();
      if (isLost) tell({ kind: "reached" });
      return answer;
    } catch (error) {
      if (!(error instanceof EnvironmentError)) throw error;
      if (!isLost) tell({ kind: "unreachable", reason: errorMessage(error) });
      isLost = true;
    }
    if (control.isStopped()) return undefined;
    await wait(POLL_MILLISECONDS);
  }
}

/**
 * A job's run, and where its data lie here.
 *
 * @throws {OptionError} if it is none that a worker may train
 * @throws {EnvironmentError} if this worker lacks the data, or has others under their name
 */
async function readJob(
  place: WorkerPlace,
  taken: QueuedJob,
): Promise<{ readonly run: QueuedRun; readonly job: CompareJob; readonly data: string }> {
  const run = checkQueuedRun(taken.data);
  const { recipe, content, trainImages, testImages, until, lowering } = run;
  const job: CompareJob = {
    runs: [run.run],
    data: run.data,
    ...(content === undefined ? {} : { content }),
    cache: place.cache,
    trainImages,
    testImages,
    recipe,
    lowering,
    session: place.threads === undefined ? {} : { threads: place.threads },
    workers: 1,
    ...(until === undefined ? {} : { until }),
  };
  const data = placeData(run.data, place.dataRoot);
  if ((await identifyImages({ ...job, data })) !== content)
    throw new EnvironmentError(
      run.data,
      `has other images below the folder of data of the worker on ${hostname()} than where the run was asked for`,
    );
  return { run, job, data };
}

/**
 * What to tell the queue of a run that failed.
 *
 * @param isFinal whether no other worker can train it: by default, what is wrong with the job itself is wrong everywhere
 */
function endWithout(
  { queue, tell }: WorkerPlace,
  { claim }: QueuedJob,
  error: unknown,
  isFinal = error instanceof OptionError,
): () => Promise<void> {
  const reason = errorMessage(error);
  tell({ kind: isFinal ? "refused" : "gave-back", reason });
  return isFinal ? () => queue.complete(claim, reason) : () => queue.giveBack(claim, reason);
}

async function performJob(place: WorkerPlace, control: Control, taken: QueuedJob): Promise<void> {
  const { store, queue, worker, tell } = place;
  const act = (ask: () => Promise<void>): Promise<void> => insist(place, control, ask);
  let read: Awaited<ReturnType<typeof readJob>>;
  try {
    read = await readJob(place, taken);
  } catch (error) {
    return act(endWithout(place, taken, error));
  }
  const { run, job, data } = read;
  const key = keyOfRun(job, run.run);
  const attempt = await insist(place, control, () => beginAttempt(store.database, key, worker.id));
  if (attempt === undefined) return;
  // Only now: whoever was just recording its end has done so.
  const isDone = await insist(place, control, () => hasEnded(store.database, key));
  if (isDone === undefined) return;
  if (isDone) {
    tell({ kind: "known", run });
    return act(() => queue.complete(taken.claim));
  }
  tell({ kind: "took", run, attempt });
  const here = { ...job, data, ...(place.device === undefined ? {} : { device: place.device }) };
  const outcome = await trainTaken(place, control, { taken, run, job: here, recorded: job, attempt });
  if (outcome !== undefined) await act(outcome);
}

interface TakenJob {
  readonly taken: QueuedJob;
  readonly run: QueuedRun;
  /** With the place of the data on this machine, and its device. */
  readonly job: CompareJob;
  /** As it is recorded, the same on every machine. */
  readonly recorded: CompareJob;
  readonly attempt: Attempt;
}

/** Trains a run as long as nobody else takes it. @returns what to tell the queue; undefined if the run is another's */
async function trainTaken(
  place: WorkerPlace,
  control: Control,
  { taken, run, job, recorded, attempt }: TakenJob,
): Promise<(() => Promise<void>) | undefined> {
  const { store, address, queue, shared, checkpointMilliseconds, tell } = place;
  const folder = runFolder(shared, attempt.key);
  const observers = combineObservers([place.record(recorded)], (reason) => tell({ kind: "unreachable", reason }));
  let end: CompareEvent | undefined;
  const running = runInChild(
    takenRunJob,
    { job, attempt, address, folder, checkpointMilliseconds },
    {
      onEvent: (event) => {
        tell({ kind: "progress", run, event });
        // The run's end is recorded only if it is still this worker's.
        if (event.kind === "run") end = event;
        else observers.observe(event);
      },
    },
  );
  control.hold(running);
  const stopRenewing = renewLease(place, taken, attempt, running.kill);
  try {
    const result = await running.result;
    const record = async (): Promise<void> => {
      if (end !== undefined) observers.observe(end);
      await observers.finish({ result: { ...result, reports: [] } });
    };
    if (end === undefined) {
      await record();
      return endWithout(place, taken, new EnvironmentError("run", "was stopped with its worker"));
    }
    const isDone = await insist(place, control, () => whileHeld(store.database, attempt, record));
    if (isDone === undefined) return undefined;
    if (!isDone) return await lose(place, run, observers);
    if ((await insist(place, control, () => hasEnded(store.database, attempt.key))) !== true)
      return endWithout(place, taken, new EnvironmentError("run", "ended, and could not be recorded"));
    tell({ kind: "done", run });
    return async () => {
      await queue.complete(taken.claim);
      await removeCheckpoints(folder);
    };
  } catch (error) {
    if (!(await isHeld(store.database, attempt).catch(() => true))) return await lose(place, run, observers);
    await observers.finish({ error });
    // What a graphics processor cannot do, another worker may.
    const { device = "cpu" } = place;
    return endWithout(place, taken, error, error instanceof OptionError && device === "cpu");
  } finally {
    stopRenewing();
    control.hold(undefined);
  }
}

async function lose(
  { tell }: WorkerPlace,
  run: QueuedRun,
  observers: JobObserver<CompareEvent, ReportedComparison>,
): Promise<undefined> {
  tell({ kind: "lost", run });
  await observers.finish({ error: new EnvironmentError("run", "goes on with another worker") });
  return undefined;
}

/** Keeps a run until it is ended, and the worker known to others; ends a training whose run somebody else has taken. */
function renewLease(
  { store, queue, worker }: WorkerPlace,
  { claim, lease }: QueuedJob,
  attempt: Attempt,
  onLost: () => void,
): () => void {
  let isBusy = false;
  const renew = async (): Promise<void> => {
    if (isBusy) return;
    isBusy = true;
    try {
      if (!(await isHeld(store.database, attempt))) return onLost();
      await queue.renew(claim);
      await worker.renew();
    } catch {
      // The database is gone: the training goes on, and the fence decides when it is back.
    } finally {
      isBusy = false;
    }
  };
  const timer = setInterval(() => void renew(), Math.min((1000 * lease) / RENEWALS, RENEW_MILLISECONDS));
  return () => clearInterval(timer);
}
