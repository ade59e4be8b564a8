import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { EnvironmentError, OptionError } from "../../tensor/errors.ts";
import { type Batch, type BatchSource, createBatchWriter, makeBatch } from "../batches.ts";
import { imageSize } from "../image-set.ts";
import { allocateRing, markSlot, openRing, startRing, stopRing, waitForSlot, type WaitResult } from "./batch-ring.ts";
import { builtFile } from "./built-file.ts";
import type { LoaderJob } from "./loader-worker.ts";

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
  /** Threads beside the calling one; 0 prepares each batch when it is asked for. Default 1. */
  readonly workers?: number;
  /** The step to begin with, counted from the start of the training. Default 0. */
  readonly firstStep?: number;
  /** Batches that are prepared ahead. Default 4. */
  readonly ahead?: number;
}

const PATIENCE_MILLISECONDS = 60_000;

/**
 * Prepares batches in worker threads, ahead of the training. They are the same whatever the number of workers.
 * @throws {OptionError} if the batch is larger than the data, or an option is no whole number from 0
 */
export function createBatchLoader(source: BatchSource, options: LoaderOptions = {}): BatchLoader {
  const { workers = 1, firstStep = 0, ahead = 4 } = options;
  for (const [name, value] of Object.entries({ workers, firstStep, ahead })) {
    if (!Number.isInteger(value) || value < 0)
      throw new OptionError(name, `must be a whole number from 0, got ${value}`);
  }
  return workers === 0
    ? loadInThread(source, firstStep)
    : loadInWorkers(source, workers, firstStep, Math.max(ahead, workers + 1));
}

function loadInThread(source: BatchSource, firstStep: number): BatchLoader {
  const write = createBatchWriter(source);
  let step = firstStep;
  let released = false;
  return {
    next: () => {
      if (released) throw explainMissing("stopped", "the loader was released");
      const current = step++;
      return makeBatch(source, source.plan.batch, (images, labels) => write(current, images, labels));
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
  const { port1, port2 } = new MessageChannel();
  const workerData: LoaderJob = { ...job, failure: port2 };
  const worker = new Worker(builtFile(import.meta.url, "./loader-worker.js"), { workerData, transferList: [port2] });
  worker.unref();
  port1.unref();
  worker.on("error", onError);
  return { worker, failure: port1 };
}

function explainMissing(result: WaitResult, reason: string | undefined): EnvironmentError {
  const seconds = PATIENCE_MILLISECONDS / 1000;
  const fallback = result === "timed-out" ? `no batch was ready within ${seconds} s` : "the loader was stopped";
  return new EnvironmentError("data", reason ?? fallback);
}

function loadInWorkers(source: BatchSource, count: number, firstStep: number, slots: number): BatchLoader {
  createBatchWriter(source);
  const memory = allocateRing(slots, source.plan.batch, imageSize(source.set));
  const ring = openRing(memory);
  startRing(ring, firstStep);
  let reason: string | undefined;
  const fail = (message: string): void => {
    reason ??= message;
    stopRing(ring);
  };
  const workers = Array.from({ length: count }, (_, index) =>
    startWorker({ source, ring: memory, first: firstStep + index, stride: count }, (error) =>
      fail(`a worker failed: ${error instanceof Error ? error.message : String(error)}`),
    ),
  );
  let step = firstStep;
  return {
    next: () => {
      const current = step++;
      const result = waitForSlot(ring, current, "filled", PATIENCE_MILLISECONDS);
      if (result !== "ready") {
        const message = workers.map(({ failure }) => receiveMessageOnPort(failure)?.message as string | undefined);
        const first = message.find((text) => text !== undefined);
        if (first !== undefined) fail(`a worker failed: ${first}`);
        throw explainMissing(result, reason);
      }
      const slot = current % ring.slots;
      const batch = makeBatch(source, source.plan.batch, (images, labels) => {
        images.set(ring.images[slot]);
        labels.set(ring.labels[slot]);
      });
      markSlot(ring, current, "consumed");
      return batch;
    },
    release: async () => {
      fail("the loader was released");
      await Promise.all(
        workers.map(({ worker, failure }) => {
          failure.close();
          return worker.terminate();
        }),
      );
    },
  };
}
