import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { type BatchWriter, createBatchWriter } from "../batches.ts";
import { isInMemory } from "../image-set.ts";
import type { FileBatchWriter } from "./file-batches.ts";
import { isWritten, type SampleSource } from "./sample-source.ts";
import { markSlot, openRing, type RingMemory, stopRing, waitForSlot } from "./batch-ring.ts";

/** What a worker is started with. */
export interface LoaderJob {
  readonly source: SampleSource;
  readonly ring: RingMemory;
  /** The first batch of this worker, and how far apart its batches are. */
  readonly first: number;
  readonly stride: number;
  /** The first batch that nobody asks for. */
  readonly end: number;
  /** Takes the reason if the worker fails. */
  readonly failure: MessagePort;
}

const { source, ring: memory, first, stride, end, failure } = workerData as LoaderJob;
const ring = openRing(memory);

async function createWriter(of: SampleSource): Promise<BatchWriter | FileBatchWriter> {
  if (isWritten(of)) {
    const module = (await import(of.writer)) as { readonly createWriter: (data: unknown) => BatchWriter };
    return module.createWriter(of.data);
  }
  const { set, ...rest } = of;
  if (isInMemory(set)) return createBatchWriter({ set, ...rest });
  const { createFileBatchWriter } = await import("./file-batches.ts");
  return createFileBatchWriter({ set, ...rest });
}

async function fillRing(): Promise<void> {
  const write = await createWriter(source);
  for (let step = first; step < end; step += stride) {
    if (waitForSlot(ring, step, "free", Number.POSITIVE_INFINITY) !== "ready") return;
    await write(step, ring.images[step % ring.slots], ring.labels[step % ring.slots]);
    markSlot(ring, step, "filled");
  }
}

try {
  await fillRing();
} catch (error) {
  // The training thread is blocked and hears of no event: it finds the ring stopped, and then the reason.
  failure.postMessage(error instanceof Error ? error.message : String(error), []);
  stopRing(ring);
}
failure.close();
parentPort?.close();
