import { builtFile } from "../../files/node.ts";
import { existsSync } from "node:fs";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { EnvironmentError, OptionError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { type Batch, type BatchWriter, createBatchWriter, makeBatch } from "../batches.ts";
import { isInMemory } from "../image-set.ts";
import { allocateRing, markSlot, openRing, startRing, stopRing, waitForSlot } from "./batch-ring.ts";
import type { LoaderJob } from "./loader-worker.ts";
import { isMemorySource, isWritten, requireSource, type SampleSource, shapesOf } from "./sample-source.ts";

/** Batches of a training, one after another. */
export interface BatchLoader {
  /**
   * The next step's batch; waits for it where it is not ready.
   * @throws {EnvironmentError} if a worker failed or the loader was released
   */
  next(): Batch;
  /** Ends the workers. Safe to call twice. */
  release(): Promise<void>;
}

/** How batches are prepared. */
export interface LoaderOptions {
  /** Threads beside the calling one; 0 prepares each batch when it is asked for. Images in files and samples that a task writes take 1. Default 1. */
  readonly workers?: number;
  /** The step to begin with, counted from the start of the training. Default 0. */
  readonly firstStep?: number;
  /** Batches that are prepared ahead. Default 4. */
  readonly ahead?: number;
  /** How many batches will be asked for; no others are prepared. Default: any number. */
  readonly steps?: number;
}

/** Pixels in memory are a matter of milliseconds; a batch of large photographs may take long. */
const PATIENCE_SECONDS = { memory: 60, files: 600 };

/**
 * Prepares batches in worker threads, ahead of the training. They are the same whatever the number of workers.
 * @throws {OptionError} if the batch is larger than the data, or an option is no whole number from 0
 */
export function createBatchLoader(source: SampleSource, options: LoaderOptions = {}): BatchLoader {
  const { workers = 1, firstStep = 0, ahead = 4, steps } = options;
  for (const [name, value] of Object.entries({ workers, firstStep, ahead, steps: steps ?? 0 })) {
    if (!Number.isInteger(value) || value < 0)
      throw new OptionError(name, `must be a whole number from 0, got ${value}`);
  }
  const write = workers === 0 ? openWriter(source) : undefined;
  if (write !== undefined) return loadInThread(source, write, firstStep);
  return loadInWorkers(source, Math.max(workers, 1), {
    firstStep,
    end: steps === undefined ? Number.POSITIVE_INFINITY : firstStep + steps,
    slots: Math.max(ahead, workers + 1),
  });
}

/** What writes batches in the calling thread; nothing can if files have to be decoded or a module has to be imported. */
function openWriter(source: SampleSource): BatchWriter | undefined {
  if (isWritten(source)) return undefined;
  const { set, ...rest } = source;
  return isInMemory(set) ? createBatchWriter({ set, ...rest }) : undefined;
}

function loadInThread(source: SampleSource, write: BatchWriter, firstStep: number): BatchLoader {
  const shapes = shapesOf(source);
  let step = firstStep;
  let released = false;
  return {
    next: () => {
      if (released) throw new EnvironmentError("data", "the loader was released");
      const current = step++;
      return makeBatch(shapes, source.plan.batch, (images, labels) => write(current, images, labels));
    },
    release: async () => {
      released = true;
    },
  };
}

/** A thread, and where it leaves the reason if it fails. */
interface StartedWorker {
  readonly worker: Worker;
  readonly failure: MessagePort;
}

function startWorker(job: Omit<LoaderJob, "failure">, onError: (error: unknown) => void): StartedWorker {
  const file = builtFile(import.meta.url, "./loader-worker.js");
  // A worker that does not start says so by an event, which a blocked thread never hears.
  if (!existsSync(file)) throw new EnvironmentError(file.pathname, "is not there; build the project first");
  const { port1, port2 } = new MessageChannel();
  const workerData: LoaderJob = { ...job, failure: port2 };
  const worker = new Worker(file, { workerData, transferList: [port2] });
  worker.unref();
  port1.unref();
  worker.on("error", onError);
  return { worker, failure: port1 };
}

/**
 * Ends when the worker has seen that the ring is stopped. It is not terminated: a crash of a decoder cut off in the
 * middle of an image was reported once (lovell/sharp#2263), though not seen here.
 */
function waitForExit({ worker, failure }: StartedWorker): Promise<void> {
  failure.close();
  worker.ref();
  // A worker that is gone has no thread.
  return worker.threadId < 0 ? Promise.resolve() : new Promise((resolve) => worker.once("exit", () => resolve()));
}

interface RingPlan {
  readonly firstStep: number;
  readonly end: number;
  readonly slots: number;
}

function loadInWorkers(source: SampleSource, count: number, { firstStep, end, slots }: RingPlan): BatchLoader {
  requireSource(source);
  const { plan } = source;
  const shapes = shapesOf(source);
  const sizes = { imageSize: sizeOf(shapes.image), labelSize: sizeOf(shapes.labels) };
  const memory = allocateRing(slots, plan.batch, sizes);
  const ring = openRing(memory);
  startRing(ring, firstStep);
  let reason: string | undefined;
  const fail = (message: string): void => {
    reason ??= message;
    stopRing(ring);
  };
  const workers = Array.from({ length: count }, (_, index) =>
    startWorker({ source, ring: memory, first: firstStep + index, stride: count, end }, (error) =>
      fail(`a worker failed: ${error instanceof Error ? error.message : String(error)}`),
    ),
  );
  const patience = PATIENCE_SECONDS[isMemorySource(source) ? "memory" : "files"];
  const explainMissing = (isLate: boolean): EnvironmentError => {
    const messages = workers.map(({ failure }) => receiveMessageOnPort(failure)?.message as string | undefined);
    const first = messages.find((text) => text !== undefined);
    if (first !== undefined) fail(`a worker failed: ${first}`);
    return new EnvironmentError(
      "data",
      reason ?? (isLate ? `no batch was ready within ${patience} s` : "the loader was stopped"),
    );
  };
  let step = firstStep;
  return {
    next: () => {
      if (step >= end) throw new EnvironmentError("data", `the loader has no more than ${end - firstStep} batches`);
      const current = step++;
      const result = waitForSlot(ring, current, "filled", 1000 * patience);
      if (result !== "ready") throw explainMissing(result === "timed-out");
      const slot = current % ring.slots;
      const batch = makeBatch(shapes, plan.batch, (images, labels) => {
        images.set(ring.images[slot]);
        labels.set(ring.labels[slot]);
      });
      markSlot(ring, current, "consumed");
      return batch;
    },
    release: async () => {
      fail("the loader was released");
      await Promise.all(workers.map(waitForExit));
    },
  };
}
