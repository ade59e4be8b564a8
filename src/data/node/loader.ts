import { Worker } from "node:worker_threads";
import { EnvironmentError } from "../../tensor/errors.ts";
import { type Batch, type BatchSource, createBatchWriter, makeBatch } from "../batches.ts";
import { imageSize } from "../image-set.ts";
import { allocateRing, markSlot, openRing, startRing, stopRing, waitForSlot } from "./batch-ring.ts";
import { builtFile } from "./built-file.ts";
import type { LoaderJob } from "./loader-worker.ts";

/** Batches of a training, one after another. */
export interface BatchLoader {
  /** The next step's batch; waits for it where it is not ready. */
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
 * @throws {OptionError} if the batch is larger than the data
 */
export function createBatchLoader(source: BatchSource, options: LoaderOptions = {}): BatchLoader {
  const { workers = 1, firstStep = 0, ahead = 4 } = options;
  return workers === 0
    ? loadInThread(source, firstStep)
    : loadInWorkers(source, workers, firstStep, Math.max(ahead, workers + 1));
}

function loadInThread(source: BatchSource, firstStep: number): BatchLoader {
  const write = createBatchWriter(source);
  let step = firstStep;
  return {
    next: () => {
      const current = step++;
      return makeBatch(source, source.plan.batch, (images, labels) => write(current, images, labels));
    },
    release: async () => {},
  };
}

function loadInWorkers(source: BatchSource, count: number, firstStep: number, slots: number): BatchLoader {
  createBatchWriter(source);
  const memory = allocateRing(slots, source.plan.batch, imageSize(source.set));
  const ring = openRing(memory);
  startRing(ring, firstStep);
  const file = builtFile(import.meta.url, "./loader-worker.js");
  const workers = Array.from({ length: count }, (_, index) => {
    const job: LoaderJob = { source, ring: memory, first: firstStep + index, stride: count };
    return new Worker(file, { workerData: job });
  });
  let failure: Error | undefined;
  for (const worker of workers) {
    worker.unref();
    worker.on("error", (error) => {
      failure = error instanceof Error ? error : new Error(String(error));
      stopRing(ring);
    });
  }
  let step = firstStep;
  return {
    next: () => {
      const current = step++;
      const result = waitForSlot(ring, current, "filled", PATIENCE_MILLISECONDS);
      if (result !== "ready") {
        throw new EnvironmentError("data", `no batch was ready (${failure?.message ?? result})`, { cause: failure });
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
      stopRing(ring);
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
