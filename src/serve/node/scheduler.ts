import { RequestError } from "../protocol/request-error.ts";
import {
  countSamples,
  createQueue,
  dequeue,
  enqueue,
  figuresOf,
  gone,
  isIdle,
  learnPace,
  nameOf,
  type Queue,
  type QueueFigures,
  type QueueLimits,
  requeue,
  requireRoom,
  takeRun,
  type Waiting,
} from "./queue.ts";
import type { BatchOutcome, Lane, Request, Timing } from "./work.ts";

/** What a worker has been given. */
interface LaneLoad {
  /** Runs: the one under way, and one sent ahead. */
  readonly runs: number;
  /** Whether all of them are expected to be short. */
  readonly isShort: boolean;
}

/** Gives requests to workers. */
export interface Scheduler {
  /** @param perSample milliseconds that one sample takes, as measured when the model was loaded */
  readonly addModel: (model: string, limits: QueueLimits, perSample: number) => void;
  /** Waiting requests are answered 404; those under way finish. */
  readonly removeModel: (model: string) => void;
  /** Resolves when nothing of a model waits or runs. */
  readonly drainModel: (model: string) => Promise<void>;
  /** @throws {RequestError} 503 with `retryAfter` if the queue is full, or the wait would outlast the deadline */
  readonly submit: (model: string, request: Request) => Promise<{ readonly value: unknown; readonly timing: Timing }>;
  readonly addLane: (lane: Lane) => void;
  readonly removeLane: (lane: Lane) => void;
  readonly figures: (model: string) => QueueFigures | undefined;
  /** Resolves when nothing waits and nothing runs. */
  readonly drained: () => Promise<void>;
  /** To be called when a lane has become ready. */
  readonly pump: () => void;
}

/** Runs shorter than this are sent ahead, one beyond the one under way, so that the worker never waits for the gate. */
const SHORT_RUN = 8;
/** How often waiting requests are looked through for deadlines, while no worker is free to take them. */
const SWEEP = 50;

const IDLE: LaneLoad = { runs: 0, isShort: true };

const isShortRun = ({ perSample }: Queue, samples: number): boolean => perSample * samples < SHORT_RUN;

/**
 * Greedy batching over bounded queues: a free worker takes at once what is waiting, up to the model's batch. A request is
 * refused at once if its queue is full, if the wait is longer than a run takes (so that what is accepted is answered soon), or
 * if it could not meet its deadline.
 *
 * @param now milliseconds on a clock that never goes back
 * @param later calls back after so many milliseconds
 */
export function createScheduler(now: () => number, later: (call: () => void, milliseconds: number) => void): Scheduler {
  const queues = new Map<string, Queue>();
  const lanes = new Map<Lane, LaneLoad>();
  let idlers: { readonly isMet: () => boolean; readonly tell: () => void }[] = [];
  let pendingPump = false;
  let pendingSweep = false;

  const announceIdle = (): void => {
    if (idlers.length === 0) return;
    for (const idler of idlers.filter(({ isMet }) => isMet())) idler.tell();
    idlers = idlers.filter(({ isMet }) => !isMet());
  };
  const until = (isMet: () => boolean): Promise<void> =>
    new Promise((tell) => {
      idlers.push({ isMet, tell });
      announceIdle();
    });

  const dropLate = (): void => {
    const at = now();
    const isLate = ({ deadline }: Waiting): boolean => deadline <= at;
    for (const queue of queues.values()) {
      if (!queue.waiting.some(isLate)) continue;
      for (const entry of queue.waiting.filter(isLate)) {
        dequeue(queue, entry);
        entry.settle({
          error: new RequestError(504, nameOf(queue.model), "was not reached before the request's deadline"),
        });
      }
    }
    announceIdle();
  };

  /** Deadlines hold also while every worker is busy, or none is there. */
  const sweepSoon = (): void => {
    if (pendingSweep) return;
    pendingSweep = true;
    later(() => {
      pendingSweep = false;
      dropLate();
      if ([...queues.values()].some(({ waiting }) => waiting.length > 0)) sweepSoon();
    }, SWEEP);
  };

  const countFree = (): number => {
    let free = 0;
    for (const [lane, { runs }] of lanes) if (runs === 0 && lane.isReady()) free++;
    return Math.max(1, free);
  };

  /** The next batch of the queue whose head has waited longest. */
  const takeBatch = (): { readonly queue: Queue; readonly batch: readonly Waiting[] } | undefined => {
    dropLate();
    const at = now();
    let oldest: Queue | undefined;
    for (const queue of queues.values()) {
      const [head] = queue.waiting;
      if (head === undefined) continue;
      const left = head.since + queue.limits.delay - at;
      const isDue = left <= 0 || head.group === null || countSamples(queue.waiting) >= queue.limits.batch;
      if (!isDue) later(pump, left);
      else if (oldest === undefined || head.since < oldest.waiting[0].since) oldest = queue;
    }
    // A queue that waits for a whole batch is not halved: the other half would wait again.
    return oldest && { queue: oldest, batch: takeRun(oldest, oldest.limits.delay > 0 ? 1 : countFree()) };
  };

  const finish = (queue: Queue, batch: readonly Waiting[], { outcomes, milliseconds }: BatchOutcome): void => {
    const ended = now();
    const samples = countSamples(batch);
    learnPace(queue, samples, milliseconds);
    for (const [index, entry] of batch.entries()) {
      const queued = Math.max(0, ended - entry.since - milliseconds);
      entry.settle(outcomes[index], { queued, computed: milliseconds, batch: samples });
    }
  };

  /** A lost worker costs its batch one more try, by another, and each request alone: one of them may be at fault. */
  const retry = (queue: Queue, batch: readonly Waiting[], cause: unknown): void => {
    for (const entry of batch.toReversed()) {
      entry.attempts++;
      entry.group = null;
      if (entry.departure?.hasGone()) entry.settle({ error: gone(queue.model) });
      else if (queues.get(queue.model) !== queue)
        entry.settle({
          error: new RequestError(503, nameOf(queue.model), "ended its worker, and is no longer served"),
        });
      else if (entry.attempts < 2) {
        requeue(queue, entry);
      } else
        entry.settle({
          error: new RequestError(500, nameOf(queue.model), "its worker ended twice on this request", { cause }),
        });
    }
    sweepSoon();
  };

  const dispatch = (lane: Lane, queue: Queue, batch: readonly Waiting[]): void => {
    const samples = countSamples(batch);
    const { runs, isShort } = lanes.get(lane) ?? IDLE;
    lanes.set(lane, { runs: runs + 1, isShort: isShort && isShortRun(queue, samples) });
    queue.inFlight += samples;
    const release = (): void => {
      queue.inFlight -= samples;
      const load = lanes.get(lane);
      if (load !== undefined) lanes.set(lane, load.runs === 1 ? IDLE : { ...load, runs: load.runs - 1 });
    };
    lane.run(queue.model, batch).then(
      (outcome) => {
        release();
        finish(queue, batch, outcome);
        pump();
        announceIdle();
      },
      (error: unknown) => {
        release();
        retry(queue, batch, error);
        pump();
        announceIdle();
      },
    );
  };

  const hasShortWaiting = (): boolean => {
    for (const { waiting, perSample } of queues.values()) if (waiting.length > 0 && perSample < SHORT_RUN) return true;
    return false;
  };

  const freeLane = (): Lane | undefined => {
    let free: Lane | undefined;
    let load = { runs: Number.POSITIVE_INFINITY, isShort: false };
    for (const [lane, own] of lanes)
      if (own.runs < load.runs && lane.isReady()) {
        free = lane;
        load = own;
      }
    if (load.runs === 0) return free;
    return load.runs === 1 && load.isShort && hasShortWaiting() ? free : undefined;
  };

  function pump(): void {
    for (let lane = freeLane(); lane !== undefined; lane = freeLane()) {
      const next = takeBatch();
      if (next === undefined) return;
      dispatch(lane, next.queue, next.batch);
    }
  }

  /** After what has arrived together, so that it can share a run. */
  const pumpSoon = (): void => {
    if (pendingPump) return;
    pendingPump = true;
    later(() => {
      pendingPump = false;
      pump();
    }, 0);
  };

  return {
    addModel: (model, limits, perSample) => void queues.set(model, createQueue(model, limits, perSample)),
    removeModel: (model) => {
      const queue = queues.get(model);
      queues.delete(model);
      for (const entry of queue?.waiting.splice(0) ?? [])
        entry.settle({ error: new RequestError(404, nameOf(model), "was unloaded while the request waited") });
      announceIdle();
    },
    submit: (model, request) =>
      new Promise((resolve, reject) => {
        const queue = queues.get(model);
        if (queue === undefined) throw new RequestError(404, nameOf(model), "is not loaded");
        if (request.departure?.hasGone()) throw gone(model);
        requireRoom(queue, request, { now: now(), lanes: lanes.size });
        const leave = (): void => {
          if (!dequeue(queue, entry)) return;
          entry.settle({ error: gone(model) });
          announceIdle();
        };
        const entry: Waiting = {
          ...request,
          since: now(),
          attempts: 0,
          settle: (outcome, timing) => {
            request.departure?.onceGone(undefined);
            if ("error" in outcome) reject(outcome.error);
            else resolve({ value: outcome.value, timing: timing! });
          },
        };
        request.departure?.onceGone(leave);
        enqueue(queue, entry);
        pumpSoon();
        sweepSoon();
      }),
    addLane: (lane) => {
      lanes.set(lane, IDLE);
      pump();
    },
    removeLane: (lane) => void lanes.delete(lane),
    figures: (model) => {
      const queue = queues.get(model);
      return queue && figuresOf(queue);
    },
    drainModel: (model) =>
      until(() => {
        const queue = queues.get(model);
        return queue === undefined || isIdle(queue);
      }),
    drained: () => until(() => [...queues.values()].every(isIdle)),
    pump,
  };
}
