import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { builtFile } from "../../files/node.ts";
import { forkWorker, type MemoryHabits } from "../../jobs/node/child-process.ts";
import { EnvironmentError } from "../../tensor/errors.ts";
import { RequestError } from "../protocol/request-error.ts";
import { nameOf } from "./queue.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Lane, Outcome } from "./work.ts";
import type { LoadedModel, ModelToLoad, PlainOutcome, WorkerAnswer, WorkerOrder } from "./worker-protocol.ts";

/** What the pool does that is worth a line. */
export type PoolEvent =
  | { readonly kind: "worker-ended"; readonly how: string; readonly models: readonly string[] }
  | { readonly kind: "worker-back"; readonly milliseconds: number }
  | { readonly kind: "quarantined"; readonly model: string };

/** Worker processes that hold every model each. */
export interface WorkerPool {
  /**
   * Loads a model into every worker; measured in the first alone.
   *
   * @returns also the milliseconds that an order takes on its way to a worker and back
   * @throws {RequestError} with the reason */
  readonly load: (model: ModelToLoad) => Promise<LoadedModel & { readonly order: number }>;
  readonly unload: (key: string) => Promise<void>;
  /** Why a model is no longer tried, if it ended its workers three times. */
  readonly quarantineOf: (key: string) => string | undefined;
  readonly processes: () => readonly number[];
  readonly restarts: () => number;
  readonly close: () => Promise<void>;
}

interface Worker {
  readonly child: ChildProcess;
  readonly lane: Lane;
  readonly ask: (order: Loosely<WorkerOrder>) => Promise<WorkerAnswer>;
  readonly ended: Promise<string>;
  isReady: boolean;
  /** What it was computing, by order. */
  readonly running: Map<number, string>;
}

type Loosely<T> = T extends unknown ? Omit<T, "id"> : never;

/** Crashes of one model in a row after which it is no longer tried. */
const MOST_CRASHES = 3;
const FIRST_DELAY = 100;
/** Milliseconds that a worker may take to end a run under way when the server closes. */
const LONGEST_END = 5000;
const LONGEST_DELAY = 5000;

/**
 * Starts worker processes. One that ends costs the batch that it was computing; another takes its place, with all models.
 *
 * @param count how many processes
 */
export async function startWorkers(
  count: number,
  scheduler: Scheduler,
  onEvent: (event: PoolEvent) => void,
): Promise<WorkerPool> {
  const models = new Map<string, ModelToLoad>();
  const crashes = new Map<string, number>();
  const workers = new Set<Worker>();
  /** Those that still load, too. */
  const children = new Set<Worker>();
  let isClosing = false;
  let restarts = 0;

  const succeed = (key: string): void => void crashes.delete(key);

  const blame = (worker: Worker): readonly string[] => {
    // Orders are worked off in turn: the first was under way.
    const [key] = worker.running.values();
    if (key === undefined) return [];
    const times = (crashes.get(key) ?? 0) + 1;
    crashes.set(key, times);
    if (times === MOST_CRASHES) {
      models.delete(key);
      scheduler.removeModel(key);
      onEvent({ kind: "quarantined", model: nameOf(key) });
    }
    return [key];
  };

  const start = async (): Promise<Worker> => {
    const worker = spawn(succeed);
    children.add(worker);
    void worker.ended.then(() => children.delete(worker));
    try {
      await worker.ask({ kind: "unload", key: "" });
      for (const model of models.values()) requireLoaded(await worker.ask({ kind: "load", model: unmeasured(model) }));
    } catch (error) {
      blame(worker);
      worker.child.kill("SIGKILL");
      throw error;
    }
    worker.isReady = true;
    workers.add(worker);
    if (isClosing) worker.child.disconnect();
    scheduler.addLane(worker.lane);
    void worker.ended.then((how) => replace(worker, how));
    return worker;
  };

  const replace = async (worker: Worker, how: string): Promise<void> => {
    workers.delete(worker);
    scheduler.removeLane(worker.lane);
    if (isClosing) return;
    const begun = performance.now();
    onEvent({ kind: "worker-ended", how, models: blame(worker).map(nameOf) });
    worker.running.clear();
    for (let delay = FIRST_DELAY; ; delay = Math.min(2 * delay, LONGEST_DELAY)) {
      await sleep(delay);
      if (isClosing) return;
      try {
        restarts++;
        await start();
        onEvent({ kind: "worker-back", milliseconds: performance.now() - begun });
        return;
      } catch {
        // Tried again after a longer while.
      }
    }
  };

  await Promise.all(Array.from({ length: count }, start));

  return {
    load: async (model) => {
      const [first] = workers;
      if (first === undefined) throw new RequestError(503, model.key, "no worker is ready", { retryAfter: 1 });
      const loaded = requireLoaded(await first.ask({ kind: "load", model }));
      // From here on, a worker that starts loads it by itself.
      models.set(model.key, model);
      const others = [...workers].filter((worker) => worker !== first);
      try {
        await Promise.all(others.map((worker) => loadInto(worker, unmeasured(model))));
      } catch (error) {
        models.delete(model.key);
        throw error;
      }
      return { ...loaded, order: await measureOrder(first) };
    },
    unload: async (key) => {
      models.delete(key);
      crashes.delete(key);
      // One that ends meanwhile holds nothing any more.
      await Promise.allSettled(Array.from(workers, (worker) => worker.ask({ kind: "unload", key })));
    },
    quarantineOf: (key) =>
      (crashes.get(key) ?? 0) >= MOST_CRASHES
        ? `ended its worker ${MOST_CRASHES} times and is no longer tried`
        : undefined,
    processes: () => Array.from(workers, ({ child }) => child.pid ?? 0),
    restarts: () => restarts,
    close: async () => {
      isClosing = true;
      for (const { child } of children) if (child.connected) child.disconnect();
      const ended = Promise.all(Array.from(children, (worker) => worker.ended));
      const isLate = await Promise.race([ended.then(() => false), sleep(LONGEST_END, true, { ref: false })]);
      if (isLate) for (const { child } of children) child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Times of an empty order that are taken; the best one counts. */
const TIMED_ORDERS = 10;

/** Milliseconds that an order takes on its way to a worker and back; 0 if that ends meanwhile. */
async function measureOrder(worker: Worker): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  try {
    for (let time = 0; time < TIMED_ORDERS; time++) {
      const begun = performance.now();
      await worker.ask({ kind: "unload", key: "" });
      best = Math.min(best, performance.now() - begun);
    }
  } catch {
    return 0;
  }
  return best;
}

/** Loads a model into a worker; one that ends meanwhile is replaced by one that has it. */
async function loadInto(worker: Worker, model: ModelToLoad): Promise<void> {
  let answer: WorkerAnswer;
  try {
    answer = await worker.ask({ kind: "load", model });
  } catch {
    return;
  }
  requireLoaded(answer);
}

const unmeasured = (model: ModelToLoad): ModelToLoad => ({ ...model, measure: false });

function requireLoaded(answer: WorkerAnswer): LoadedModel {
  if (answer.kind === "loaded") return answer.loaded;
  if (answer.kind !== "failed") throw new EnvironmentError("worker", `answered ${answer.kind} to an order to load`);
  throw new RequestError(answer.error.status, answer.error.where, answer.error.detail);
}

function toOutcome(outcome: PlainOutcome): Outcome {
  if ("value" in outcome) return outcome;
  const { status, where, detail } = outcome.error;
  return { error: new RequestError(status, where, detail) };
}

/**
 * Many small requests, and models that come and go: large pages, an arena per thread and a young generation of 16 MB keep what was
 * freed, and grow with every load.
 */
const FRUGAL: MemoryHabits = {
  allocator: "glibc.malloc.arena_max=1:glibc.malloc.trim_threshold=131072",
  flags: ["--max-semi-space-size=2"],
};

/** @param onSuccess told of every batch that a model has computed */
function spawn(onSuccess: (key: string) => void): Worker {
  const child = forkWorker(builtFile(import.meta.url, "./worker.js"), FRUGAL);
  // What a native library writes belongs to nobody.
  child.stdout?.resume();
  child.stderr?.resume();
  const pending = new Map<number, { resolve: (answer: WorkerAnswer) => void; reject: (error: Error) => void }>();
  const running = new Map<number, string>();
  let lastId = 0;
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) =>
      resolve(signal === null ? `ended with code ${code}` : `was ended by ${signal}`),
    );
  });
  void ended.then((how) => {
    worker.isReady = false;
    for (const { reject } of pending.values()) reject(new EnvironmentError("worker", how));
    pending.clear();
  });
  child.on("message", (answer: WorkerAnswer) => {
    if (answer.kind === "ready") return;
    running.delete(answer.id);
    pending.get(answer.id)?.resolve(answer);
    pending.delete(answer.id);
  });
  const ask = (order: Loosely<WorkerOrder>): Promise<WorkerAnswer> =>
    new Promise((resolve, reject) => {
      if (!child.connected) return reject(new EnvironmentError("worker", "has ended"));
      const id = ++lastId;
      pending.set(id, { resolve, reject });
      if (order.kind === "run") running.set(id, order.key);
      if (order.kind === "load") running.set(id, order.model.key);
      child.send({ ...order, id }, (error) => {
        // It is about to end: until it has, nothing more may be given to it. All that it was given is told then.
        if (error) worker.isReady = false;
      });
    });
  const lane: Lane = {
    isReady: () => worker.isReady && child.connected,
    run: async (key, batch) => {
      const answer = await ask({ kind: "run", key, batch: batch.map(({ work }) => work) });
      if (answer.kind === "ran") {
        onSuccess(key);
        return { outcomes: answer.outcomes.map(toOutcome), milliseconds: answer.milliseconds };
      }
      throw new EnvironmentError("worker", answer.kind === "failed" ? answer.error.detail : `answered ${answer.kind}`);
    },
  };
  const worker: Worker = { child, lane, ask, ended, isReady: false, running };
  return worker;
}
