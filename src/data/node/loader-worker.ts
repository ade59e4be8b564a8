import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { WriterModule } from "../sample-source.ts";
import { markSlot, openRing, type RingMemory, stopRing, waitForSlot } from "./batch-ring.ts";

/** The start data of a worker. */
export interface LoaderJob {
  /** The URL of a module that implements {@link WriterModule}, and its input. */
  readonly writer: string;
  readonly data: unknown;
  readonly ring: RingMemory;
  /** This worker's first batch, and the stride between its batches. */
  readonly first: number;
  readonly stride: number;
  /** The end of the batches, exclusive. */
  readonly end: number;
  /** Receives the reason if the worker fails. */
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
  // The blocked training thread receives no events: it finds the ring stopped, and then the reason.
  failure.postMessage(error instanceof Error ? error.message : String(error), []);
  stopRing(ring);
}
failure.close();
parentPort?.close();
