import { errorMessage } from "../tensor/errors.ts";
import { encodeJson } from "./json.ts";
import { type RunChange, type RunStore, createRunRow, saveRun } from "./run-store.ts";
import { extendSummary, type MetricPoint, type RunStart, type RunStatus, type RunSummary, toMetricRow } from "./run.ts";
import type { ArtifactRow, RunRow } from "./schema.ts";
import { keepUnsent, sendUnsent } from "./unsent.ts";

/** Records one run into a store while it runs. Nothing here waits for the database or fails because of it. */
export interface RunRecorder {
  readonly id: string;
  /** Records values, which are written in batches. */
  add(points: readonly MetricPoint[]): void;
  addArtifact(artifact: Omit<ArtifactRow, "run_id" | "created_at">): void;
  /** Ends the run and writes the rest, within 15 seconds. */
  finish(end: RunEnd): Promise<void>;
}

/** How a run ended. */
export interface RunEnd {
  readonly status: Exclude<RunStatus, "running">;
  readonly result?: unknown;
  readonly reason?: string;
}

/** The options of a recorder. */
export interface RecorderOptions {
  /** Opens the store; called again after the connection is lost. */
  readonly open: () => Promise<RunStore>;
  /** The store's description, without a password. */
  readonly store: string;
  /** The folder that buffers changes while the store is unreachable. */
  readonly unsentFolder: string;
  /** Told when the store is lost and when it is back. */
  readonly say: (message: string) => void;
  readonly flushMilliseconds?: number;
  /** The longest wait between two attempts to reach a lost store. */
  readonly retryMilliseconds?: number;
  readonly finishMilliseconds?: number;
}

const FLUSH_MILLISECONDS = 1_000;
const FIRST_RETRY_MILLISECONDS = 1_000;
const RETRY_MILLISECONDS = 30_000;
const FINISH_MILLISECONDS = 10_000;
const CLOSE_MILLISECONDS = 2_000;
/** Even without new values, so that others see that the run is alive. */
const HEARTBEAT_MILLISECONDS = 30_000;

/**
 * Starts a run in a store. Values are written once a second, in one transaction with the run itself. While the store is
 * unreachable they go into a file, from which this process or a later one sends them as soon as possible.
 */
export function startRecording(start: RunStart, options: RecorderOptions): RunRecorder {
  const { flushMilliseconds = FLUSH_MILLISECONDS, retryMilliseconds = RETRY_MILLISECONDS } = options;
  let run: RunRow = createRunRow(start, Date.now());
  let summary: RunSummary = {};
  let points: MetricPoint[] = [];
  let artifacts: ArtifactRow[] = [];
  let store: RunStore | undefined;
  let [isLost, hasUnsent, isNew] = [false, false, true];
  let [retryAt, retryDelay] = [0, FIRST_RETRY_MILLISECONDS];
  let flushing: Promise<void> = Promise.resolve();

  const takeChange = (): RunChange => {
    summary = extendSummary(summary, points);
    const steps = points.reduce((most, { step }) => Math.max(most, step), run.steps);
    run = { ...run, steps, summary: encodeJson(summary), heartbeat_at: Date.now() };
    const change = { run, metrics: points.map((point) => toMetricRow(run.id, point)), artifacts };
    [points, artifacts, isNew] = [[], [], false];
    return change;
  };
  const send = async (change: RunChange): Promise<void> => {
    store ??= await options.open();
    if (hasUnsent) await sendUnsent(options.unsentFolder, store);
    hasUnsent = false;
    await saveRun(store, change);
    if (isLost) options.say(`run store: ${options.store} is reached again; nothing was lost`);
    [isLost, retryDelay] = [false, FIRST_RETRY_MILLISECONDS];
  };
  const lose = (error: unknown): void => {
    void store?.close().catch(() => undefined);
    store = undefined;
    if (!isLost)
      options.say(`run store: ${errorMessage(error)}; the run goes on, and is recorded as soon as it can be`);
    isLost = true;
    retryAt = Date.now() + retryDelay;
    retryDelay = Math.min(2 * retryDelay, retryMilliseconds);
  };
  let kept: RunChange[] = [];
  let sending: RunChange | undefined;
  const keep = (changes: readonly RunChange[]): void => {
    kept = [...changes];
    // If the disk fails too, memory buffers them.
    try {
      for (; kept.length > 0; kept = kept.slice(1)) {
        keepUnsent(options.unsentFolder, options.store, kept[0]);
        hasUnsent = true;
      }
    } catch {
      kept = kept.length > 1 ? [mergeChanges(kept)] : kept;
    }
  };
  const flush = async (): Promise<void> => {
    const change = mergeChanges([...kept, takeChange()]);
    kept = [];
    if (isLost && Date.now() < retryAt) return keep([change]);
    sending = change;
    try {
      await send(change);
      sending = undefined;
    } catch (error) {
      sending = undefined;
      lose(error);
      keep([change]);
    }
  };
  const flushSoon = (): Promise<void> => (flushing = flushing.then(flush));
  let isIdle = true;
  const flushIfIdle = (): void => {
    const hasNews = isNew || points.length > 0 || artifacts.length > 0 || kept.length > 0 || hasUnsent;
    if (!isIdle || (!hasNews && Date.now() - run.heartbeat_at < HEARTBEAT_MILLISECONDS)) return;
    isIdle = false;
    void flushSoon().then(() => (isIdle = true));
  };
  // Immediately, so that a run killed in its first second is recorded too.
  flushIfIdle();
  const timer = setInterval(flushIfIdle, flushMilliseconds);
  timer.unref();

  return {
    id: run.id,
    add: (more) => {
      for (const point of more) points.push(point);
    },
    addArtifact: (artifact) => void artifacts.push({ ...artifact, run_id: run.id, created_at: Date.now() }),
    finish: async ({ status, result, reason }) => {
      clearInterval(timer);
      const ended = { status, ended_at: Date.now(), result: result === undefined ? null : encodeJson(result) };
      run = { ...run, ...ended, reason: reason ?? null };
      const isInTime = await endsWithin(options.finishMilliseconds ?? FINISH_MILLISECONDS, async (hasTime) => {
        await flushing;
        for (;;) {
          retryAt = 0;
          await flushSoon();
          if (!isLost || !hasTime()) return;
          await wait(flushMilliseconds);
        }
      });
      // The server may accept the statement and never answer.
      if (!isInTime) {
        isLost = true;
        keep([...kept, ...(sending === undefined ? [] : [sending]), takeChange()]);
      }
      if (isLost) options.say(describeLoss(options, kept));
      if (store !== undefined) await endsWithin(CLOSE_MILLISECONDS, store.close);
    },
  };
}

const wait = (milliseconds: number): Promise<true> =>
  new Promise((resolve) => setTimeout(() => resolve(true), milliseconds));

/** @returns false if the work takes longer, and is abandoned; its errors are then ignored */
async function endsWithin(milliseconds: number, work: (hasTime: () => boolean) => Promise<void>): Promise<boolean> {
  const end = Date.now() + milliseconds;
  const done = work(() => Date.now() < end).then(
    () => true,
    () => true,
  );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), 1.5 * milliseconds)));
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}

function describeLoss({ store, unsentFolder }: RecorderOptions, kept: readonly RunChange[]): string {
  const values = kept.reduce((sum, { metrics }) => sum + metrics.length, 0);
  if (values > 0) return `run store: neither ${store} nor ${unsentFolder} could be written; ${values} values are lost`;
  return `run store: ${store} could not be reached; the run is kept in ${unsentFolder} and sent by the next residua runs`;
}

/** Merges several changes of one run: the last state wins. */
function mergeChanges(changes: readonly RunChange[]): RunChange {
  return {
    run: changes.at(-1)!.run,
    metrics: changes.flatMap(({ metrics }) => metrics),
    artifacts: changes.flatMap(({ artifacts }) => artifacts),
  };
}
