import { RequestError } from "../protocol/request-error.ts";
import type { Outcome, Request, Timing } from "./work.ts";

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

/** A request that waits, or is tried again. */
export interface Waiting extends Request {
  readonly since: number;
  readonly settle: (outcome: Outcome, timing?: Timing) => void;
  group: string | null;
  attempts: number;
}

/** What waits for a model, and how fast it goes. */
export interface Queue {
  readonly model: string;
  readonly limits: QueueLimits;
  /** In the order in which they are taken. */
  readonly waiting: Waiting[];
  /** Of those that wait. */
  bytes: number;
  /** Milliseconds that one sample takes, a moving average over runs; 0 if nothing was measured. */
  perSample: number;
  /** Samples that workers have been given. */
  inFlight: number;
}

/** A wait that is always allowed unless a limit says otherwise: small models are not refused over scheduling noise. */
const STANDARD_WAIT = 100;

/** What people call a model of this key: without the number of its load. */
export function nameOf(key: string): string {
  return key.replace(/#\d+$/, "");
}

/** What a request is told whose client has gone. */
export const gone = (model: string): RequestError => new RequestError(499, nameOf(model), "the client has gone");

/** @param perSample milliseconds that one sample takes, as measured when the model was loaded */
export function createQueue(model: string, limits: QueueLimits, perSample: number): Queue {
  return { model, limits, waiting: [], bytes: 0, perSample, inFlight: 0 };
}

export const isIdle = (queue: Queue): boolean => queue.waiting.length === 0 && queue.inFlight === 0;

/** Samples of requests. */
export function countSamples(requests: readonly Request[]): number {
  return requests.reduce((sum, { samples }) => sum + samples, 0);
}

/** Milliseconds that a request would wait that comes now. @param lanes workers that share what waits */
function expectedWait(queue: Queue, lanes: number): number {
  return ((queue.inFlight + countSamples(queue.waiting)) * queue.perSample) / Math.max(1, lanes);
}

/**
 * Refuses what would overfill the queue, would wait for longer than a run takes, or would be late.
 *
 * @param now milliseconds on the clock of deadlines
 * @param lanes workers that share what waits
 * @throws {RequestError} 503 with `retryAfter`, in seconds
 */
export function requireRoom(queue: Queue, request: Request, { now, lanes }: { now: number; lanes: number }): void {
  const wait = expectedWait(queue, lanes);
  const retryAfter = Math.max(1, Math.ceil(wait / 1000));
  const refuse = (detail: string): never => {
    throw new RequestError(503, nameOf(queue.model), `${detail}; try again after ${retryAfter} s`, { retryAfter });
  };
  const { limits, waiting, bytes, perSample } = queue;
  if (waiting.length >= limits.requests) refuse(`has ${waiting.length} requests waiting`);
  if (bytes + request.bytes > limits.bytes) refuse(`has ${bytes} bytes waiting`);
  const run = perSample * Math.max(request.samples, 1);
  const most = limits.wait ?? Math.max(STANDARD_WAIT, 1.5 * run);
  if (waiting.length >= lanes && wait > most) refuse("is busy");
  if (now + wait + run > request.deadline) refuse("cannot answer before the request's deadline");
}

/** Puts a request behind those of its priority. */
export function enqueue(queue: Queue, entry: Waiting): void {
  const rank = (priority: number): number => (priority === 0 ? Number.POSITIVE_INFINITY : priority);
  const after = queue.waiting.findLastIndex((other) => rank(other.priority) <= rank(entry.priority));
  queue.waiting.splice(after + 1, 0, entry);
  queue.bytes += entry.bytes;
}

/** Puts a request before all others, to be tried again. */
export function requeue(queue: Queue, entry: Waiting): void {
  queue.waiting.unshift(entry);
  queue.bytes += entry.bytes;
}

/** Takes a request out. @returns false if it does not wait any more */
export function dequeue(queue: Queue, entry: Waiting): boolean {
  const at = queue.waiting.indexOf(entry);
  if (at < 0) return false;
  queue.waiting.splice(at, 1);
  queue.bytes -= entry.bytes;
  return true;
}

/**
 * Takes the first request out, with those that may share its run; one must wait.
 *
 * @param lanes free workers, between which what waits is shared: two half runs at once end before a whole one
 */
export function takeRun(queue: Queue, lanes: number): readonly Waiting[] {
  const [head, ...others] = queue.waiting;
  const run = [head];
  let { samples } = head;
  const most = Math.min(queue.limits.batch, Math.ceil(countSamples(queue.waiting) / lanes));
  if (head.group !== null)
    for (const entry of others) {
      if (entry.group !== head.group || samples + entry.samples > most) continue;
      run.push(entry);
      samples += entry.samples;
    }
  for (const entry of run) dequeue(queue, entry);
  return run;
}

/** Learns from a run how long a sample takes. One run that the machine held up says little of the next. */
export function learnPace(queue: Queue, samples: number, milliseconds: number): void {
  const { perSample } = queue;
  const own = perSample === 0 ? milliseconds / samples : Math.min(milliseconds / samples, 2 * perSample);
  queue.perSample = perSample === 0 ? own : 0.9 * perSample + 0.1 * own;
}

/** What metrics and statistics tell of a queue. */
export function figuresOf({ waiting, bytes, inFlight, perSample }: Queue): QueueFigures {
  return { waiting: waiting.length, waitingBytes: bytes, running: inFlight, millisecondsPerSample: perSample };
}
