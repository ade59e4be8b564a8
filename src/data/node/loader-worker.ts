import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { type BatchSource, createBatchWriter } from "../batches.ts";
import { markSlot, openRing, type RingMemory, stopRing, waitForSlot } from "./batch-ring.ts";

/** What a worker is started with. */
export interface LoaderJob {
  readonly source: BatchSource;
  readonly ring: RingMemory;
  /** The first batch of this worker, and how far apart its batches are. */
  readonly first: number;
  readonly stride: number;
  /** Takes the reason if the worker fails. */
  readonly failure: MessagePort;
}

const { source, ring: memory, first, stride, failure } = workerData as LoaderJob;
const ring = openRing(memory);

try {
  const write = createBatchWriter(source);
  for (let step = first; waitForSlot(ring, step, "free", Number.POSITIVE_INFINITY) === "ready"; step += stride) {
    write(step, ring.images[step % ring.slots], ring.labels[step % ring.slots]);
    markSlot(ring, step, "filled");
  }
} catch (error) {
  // The training thread is blocked and hears of no event: it finds the ring stopped, and then the reason.
  failure.postMessage(error instanceof Error ? error.message : String(error), []);
  stopRing(ring);
}
failure.close();
parentPort?.close();
