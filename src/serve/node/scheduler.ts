import type { Tensor } from "../../tensor/tensor.ts";
import { RequestError } from "../protocol/request-error.ts";

/** What is asked of a model, in a form that survives the way to a worker. */
export type Work = InferWork | PredictWork;

/** To compute outputs from tensors. */
export interface InferWork {
  readonly kind: "infer";
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: readonly string[];
}

/** To say something about an image. */
export interface PredictWork {
  readonly kind: "predict";
  readonly image: Uint8Array;
  /** The header Accept. */
  readonly accept: string | undefined;
  /** The request's options, as texts. */
  readonly options: Readonly<Record<string, string>>;
  /** The most bytes that the image may decode to. */
  readonly decodedBytes: number;
}

/** A request in a queue. */
export interface Request {
  readonly work: Work;
  /** Samples along the first axis. */
  readonly samples: number;
  readonly bytes: number;
  /** Requests of one group may share a run: same inputs, types and shapes but for the first extent. Null runs alone. */
  readonly group: string | null;
  /** 1 goes first, 0 last. */
  readonly priority: number;
  /** Milliseconds on the scheduler's clock by which the answer must be there. */
  readonly deadline: number;
  /** Aborted when the client has gone. */
  readonly signal?: AbortSignal;
}

/** What a request brought, or why it did not. */
export type Outcome = { readonly value: unknown } | { readonly error: Error };

/** What a batch brought. */
export interface BatchOutcome {
  /** One per request, in order. */
  readonly outcomes: readonly Outcome[];
  /** How long the worker computed: without the time that the batch waited there behind another. */
  readonly milliseconds: number;
}

/** What computes batches: a worker process. */
export interface Lane {
  /** Rejects if the worker was lost. */
  readonly run: (model: string, batch: readonly Request[]) => Promise<BatchOutcome>;
  readonly isReady: () => boolean;
}

/** What bounds a model's queue. */
export interface QueueLimits {
  /** Requests that may wait. */
  readonly requests: number;
  /** Bytes that may wait. */
  readonly bytes: number;
  /** Samples in one run. */
  readonly batch: number;
  /** Milliseconds a free worker waits for more requests to share its run; 0 by default. */
  readonly delay: number;
  /** Milliseconds that a request may have to wait; if undefined, 1.5 runs, at least `STANDARD_WAIT`. */
  readonly wait?: number;
}

/** What a queue has to tell. */
export interface QueueFigures {
  readonly waiting: number;
  readonly waitingBytes: number;
  /** Samples that workers have been given. */
  readonly running: number;
  /** Milliseconds that one sample takes, a moving average over runs. */
  readonly millisecondsPerSample: number;
}

/** How each answered request spent its time, in milliseconds. */
export interface Timing {
  readonly queued: number;
  readonly computed: number;
  /** Samples of the whole run. */
  readonly batch: number;
}

interface Waiting extends Request {
  readonly since: number;
  readonly settle: (outcome: Outcome, timing?: Timing) => void;
  group: string | null;
  attempts: number;
}

interface Queue {
  readonly model: string;
  limits: QueueLimits;
  waiting: Waiting[];
  bytes: number;
  perSample: number;
  inFlight: number;
}

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
/** A wait that is always allowed unless a limit says otherwise: small models are not refused over scheduling noise. */
const STANDARD_WAIT = 100;
/** How often waiting requests are looked through for deadlines, while no worker is free to take them. */
const SWEEP = 50;

const IDLE: LaneLoad = { runs: 0, isShort: true };

const isShortRun = ({ perSample }: Queue, samples: number): boolean => perSample * samples < SHORT_RUN;

/** What people call a model of this key: without the number of its load. */
export function nameOf(key: string): string {
  return key.replace(/#\d+$/, "");
}

const gone = (model: string): RequestError => new RequestError(499, nameOf(model), "the client has gone");

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

  const isIdle = (queue: Queue): boolean => queue.waiting.length === 0 && queue.inFlight === 0;
  const announceIdle = (): void => {
    for (const idler of idlers.filter(({ isMet }) => isMet())) idler.tell();
    idlers = idlers.filter(({ isMet }) => !isMet());
  };
  const until = (isMet: () => boolean): Promise<void> =>
    new Promise((tell) => {
      idlers.push({ isMet, tell });
      announceIdle();
    });

  const expectedWait = (queue: Queue): number => {
    const ahead = queue.inFlight + queue.waiting.reduce((sum, { samples }) => sum + samples, 0);
    return (ahead * queue.perSample) / Math.max(1, lanes.size);
  };

  const requireRoom = (queue: Queue, request: Request): void => {
    const wait = expectedWait(queue);
    const retryAfter = Math.max(1, Math.ceil(wait / 1000));
    const refuse = (detail: string): never => {
      throw new RequestError(503, nameOf(queue.model), `${detail}; try again after ${retryAfter} s`, { retryAfter });
    };
    if (queue.waiting.length >= queue.limits.requests) refuse(`has ${queue.waiting.length} requests waiting`);
    if (queue.bytes + request.bytes > queue.limits.bytes) refuse(`has ${queue.bytes} bytes waiting`);
    const run = queue.perSample * Math.max(request.samples, 1);
    const most = queue.limits.wait ?? Math.max(STANDARD_WAIT, 1.5 * run);
    if (queue.waiting.length >= lanes.size && wait > most) refuse("is busy");
    if (now() + wait + run > request.deadline) refuse("cannot answer before the request's deadline");
  };

  const drop = (queue: Queue, entry: Waiting): boolean => {
    const at = queue.waiting.indexOf(entry);
    if (at < 0) return false;
    queue.waiting.splice(at, 1);
    queue.bytes -= entry.bytes;
    return true;
  };

  const insert = (queue: Queue, entry: Waiting): void => {
    const rank = (priority: number): number => (priority === 0 ? Number.POSITIVE_INFINITY : priority);
    const after = queue.waiting.findLastIndex((other) => rank(other.priority) <= rank(entry.priority));
    queue.waiting.splice(after + 1, 0, entry);
    queue.bytes += entry.bytes;
  };

  const dropLate = (): void => {
    const at = now();
    for (const queue of queues.values())
      for (const entry of queue.waiting.filter(({ deadline }) => deadline <= at)) {
        drop(queue, entry);
        entry.settle({
          error: new RequestError(504, nameOf(queue.model), "was not reached before the request's deadline"),
        });
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

  /** The next batch of the queue whose head has waited longest. */
  const takeBatch = (): { readonly queue: Queue; readonly batch: readonly Waiting[] } | undefined => {
    dropLate();
    const at = now();
    const ready = [...queues.values()].filter((queue) => {
      const [head] = queue.waiting;
      if (head === undefined) return false;
      const isFull = queue.waiting.reduce((sum, { samples }) => sum + samples, 0) >= queue.limits.batch;
      const left = head.since + queue.limits.delay - at;
      if (isFull || left <= 0 || head.group === null) return true;
      later(pump, left);
      return false;
    });
    const [queue] = ready.toSorted((a, b) => a.waiting[0].since - b.waiting[0].since);
    if (queue === undefined) return undefined;
    const [head] = queue.waiting;
    const batch = [head];
    let samples = head.samples;
    if (head.group !== null)
      for (const entry of queue.waiting.slice(1)) {
        if (entry.group !== head.group || samples + entry.samples > queue.limits.batch) continue;
        batch.push(entry);
        samples += entry.samples;
      }
    for (const entry of batch) drop(queue, entry);
    return { queue, batch };
  };

  const finish = (queue: Queue, batch: readonly Waiting[], { outcomes, milliseconds }: BatchOutcome): void => {
    const ended = now();
    const samples = batch.reduce((sum, entry) => sum + entry.samples, 0);
    const { perSample } = queue;
    // One run that the machine held up says little of the next.
    const own = perSample === 0 ? milliseconds / samples : Math.min(milliseconds / samples, 2 * perSample);
    queue.perSample = perSample === 0 ? own : 0.9 * perSample + 0.1 * own;
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
      if (entry.signal?.aborted) entry.settle({ error: gone(queue.model) });
      else if (queues.get(queue.model) !== queue)
        entry.settle({
          error: new RequestError(503, nameOf(queue.model), "ended its worker, and is no longer served"),
        });
      else if (entry.attempts < 2) {
        queue.waiting.unshift(entry);
        queue.bytes += entry.bytes;
      } else
        entry.settle({
          error: new RequestError(500, nameOf(queue.model), "its worker ended twice on this request", { cause }),
        });
    }
    sweepSoon();
  };

  const dispatch = (lane: Lane, queue: Queue, batch: readonly Waiting[]): void => {
    const samples = batch.reduce((sum, entry) => sum + entry.samples, 0);
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

  const freeLane = (): Lane | undefined => {
    const free = [...lanes].filter(([lane]) => lane.isReady()).toSorted(([, a], [, b]) => a.runs - b.runs);
    const [first] = free;
    if (first === undefined) return undefined;
    const [lane, { runs, isShort }] = first;
    if (runs === 0) return lane;
    const hasShort = [...queues.values()].some(({ waiting, perSample }) => waiting.length > 0 && perSample < SHORT_RUN);
    return runs === 1 && isShort && hasShort ? lane : undefined;
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
    addModel: (model, limits, perSample) =>
      void queues.set(model, { model, limits, waiting: [], bytes: 0, perSample, inFlight: 0 }),
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
        if (request.signal?.aborted) throw gone(model);
        requireRoom(queue, request);
        const leave = (): void => {
          if (!drop(queue, entry)) return;
          entry.settle({ error: gone(model) });
          announceIdle();
        };
        const entry: Waiting = {
          ...request,
          since: now(),
          attempts: 0,
          settle: (outcome, timing) => {
            request.signal?.removeEventListener("abort", leave);
            if ("error" in outcome) reject(outcome.error);
            else resolve({ value: outcome.value, timing: timing! });
          },
        };
        request.signal?.addEventListener("abort", leave, { once: true });
        insert(queue, entry);
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
      return (
        queue && {
          waiting: queue.waiting.length,
          waitingBytes: queue.bytes,
          running: queue.inFlight,
          millisecondsPerSample: queue.perSample,
        }
      );
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
