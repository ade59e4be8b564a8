import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { WriterModule } from "../sample-source.ts";
import { markSlot, openRing, type RingMemory, stopRing, waitForSlot } from "./batch-ring.ts";

/** What a worker is started with. */
export interface LoaderJob {
  /** The address of a module that exports what {@link WriterModule} says, and what it is to write. */
  readonly writer: string;
  readonly data: unknown;
  readonly ring: RingMemory;
  /** The first batch of this worker, and how far apart its batches are. */
  readonly first: number;
  readonly stride: number;
  /** The first batch that nobody asks for. */
  readonly end: number;
  /** Takes the reason if the worker fails. */
  readonly failure: MessagePort;
}

const { writer, data, ring: memory, first, stride, end, failure } = workerData as LoaderJob;
const ring = openRing(memory);

async function fillRing(): Promise<void> {
  const { createWriter } = (await import(writer)) as WriterModule<unknown>;
  const write = await createWriter(data);
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
