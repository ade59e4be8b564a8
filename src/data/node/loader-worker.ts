import { parentPort, workerData } from "node:worker_threads";
import { type BatchSource, createBatchWriter } from "../batches.ts";
import { markSlot, openRing, type RingMemory, waitForSlot } from "./batch-ring.ts";

/** What a worker is started with. */
export interface LoaderJob {
  readonly source: BatchSource;
  readonly ring: RingMemory;
  /** The first batch of this worker, and how far apart its batches are. */
  readonly first: number;
  readonly stride: number;
}

const { source, ring: memory, first, stride } = workerData as LoaderJob;
const ring = openRing(memory);
const write = createBatchWriter(source);

for (let step = first; waitForSlot(ring, step, "free", Number.POSITIVE_INFINITY) === "ready"; step += stride) {
  write(step, ring.images[step % ring.slots], ring.labels[step % ring.slots]);
  markSlot(ring, step, "filled");
}
parentPort?.close();
