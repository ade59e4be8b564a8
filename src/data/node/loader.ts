import { builtFile } from "../../files/node.ts";
import { existsSync } from "node:fs";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { EnvironmentError, OptionError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { type Batch, type BatchWriter, makeBatch, preparedImages, stepsPerEpoch } from "../batches.ts";
import type { SampleSource } from "../sample-source.ts";
import { allocateRing, markSlot, openRing, startRing, stopRing, waitForSlot } from "./batch-ring.ts";
import type { LoaderJob } from "./loader-worker.ts";

/** Training batches in sequence. */
export interface BatchLoader {
  /**
   * Returns the next step's batch, waiting until it is ready.
   * @throws {EnvironmentError} if a worker failed or the loader was released
   */
  next(): Batch;
  /** Ends the workers. Safe to call twice. */
  release(): Promise<void>;
}

/** Options for preparing batches. */
export interface LoaderOptions {
  /** Worker threads; 0 prepares each batch on request. Images in files need at least 1. Default 1. */
  readonly workers?: number;
  /** The first step, counted from the start of training. Default 0. */
  readonly firstStep?: number;
  /** Batches to prepare ahead. Default 4. */
  readonly ahead?: number;
  /** How many batches will be requested; no more are prepared. Default: unlimited. */
  readonly steps?: number;
}

/** In seconds: batches from memory take milliseconds. */
const PATIENCE = 60;

/**
 * Prepares batches in worker threads, ahead of the training. They do not depend on the number of workers.
 * @throws {OptionError} if the batch is larger than the data, or an option is no whole number from 0
 */
export function createBatchLoader(source: SampleSource, options: LoaderOptions = {}): BatchLoader {
  const { workers = 1, firstStep = 0, ahead = 4, steps } = options;
  for (const [name, value] of Object.entries({ workers, firstStep, ahead, steps: steps ?? 0 })) {
    if (!Number.isInteger(value) || value < 0)
      throw new OptionError(name, `must be a whole number from 0, got ${value}`);
  }
  stepsPerEpoch(source.plan);
  const write = workers === 0 ? source.createWriter?.() : undefined;
  if (write !== undefined) return loadInThread(source, write, firstStep);
  return loadInWorkers(source, Math.max(workers, 1), {
    firstStep,
    end: steps === undefined ? Number.POSITIVE_INFINITY : firstStep + steps,
    slots: Math.max(ahead, workers + 1),
  });
}

function loadInThread(source: SampleSource, write: BatchWriter, firstStep: number): BatchLoader {
  const { shapes, plan } = source;
  let step = firstStep;
  let released = false;
  return {
    next: () => {
      if (released) throw new EnvironmentError("data", "the loader was released");
      const current = step++;
      return makeBatch(shapes, preparedImages(plan), (images, labels) => write(current, images, labels));
    },
    release: async () => {
      released = true;
    },
  };
}

/** A thread, and the place where it leaves the reason if it fails. */
interface StartedWorker {
  readonly worker: Worker;
  readonly failure: MessagePort;
}

function startWorker(job: Omit<LoaderJob, "failure">, onError: (error: unknown) => void): StartedWorker {
  const file = builtFile(import.meta.url, "./loader-worker.js");
  // A worker that does not start emits an event, which a blocked thread never receives.
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
 * Ends once the worker sees that the ring is stopped. It is not terminated: a crash of a decoder truncated in the middle
 * of an image was reported once (lovell/sharp#2263), though not seen here.
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
  const { shapes, plan, patience = PATIENCE } = source;
  const sizes = { imageSize: sizeOf(shapes.image), labelSize: sizeOf(shapes.labels) };
  const memory = allocateRing(slots, preparedImages(plan), sizes);
  const ring = openRing(memory);
  startRing(ring, firstStep);
  let reason: string | undefined;
  const fail = (message: string): void => {
    reason ??= message;
    stopRing(ring);
  };
  const workers = Array.from({ length: count }, (_, index) =>
    startWorker(
      { writer: source.writer, data: source.data, ring: memory, first: firstStep + index, stride: count, end },
      (error) => fail(`a worker failed: ${error instanceof Error ? error.message : String(error)}`),
    ),
  );
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
      const batch = makeBatch(shapes, preparedImages(plan), (images, labels) => {
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
