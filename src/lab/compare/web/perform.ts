import { createPortableLowering } from "../../../compile/portable/lowering.ts";
import { portableChoices } from "../../../compile/portable/choices.ts";
import { createBatchWriter, evaluationBatches, labelledShapes, makeBatch } from "../../../data/batches.ts";
import type { ImageSet } from "../../../data/image-set.ts";
import { type LabelledImages, toDataset } from "../../../data/labelled-images.ts";
import type { JobContext } from "../../../jobs/job.ts";
import { createJournal } from "../../../jobs/journal.ts";
import type { WorkerJob } from "../../../jobs/web/worker.ts";
import { nameWebDevice } from "../../../runtime/web/adapter.ts";
import { createWebRuntime, type WebRuntimeOptions } from "../../../runtime/web.ts";
import { requireThreads } from "../../../train/web/perform-training.ts";
import type { WebDevice } from "../../../train/web/protocol.ts";
import { safetensorsCodec } from "../../../weights/safetensors/journal.ts";
import type { CompareEvent, CompareResult, ComparisonWork } from "../job.ts";
import type { ComparisonHost } from "../host.ts";
import { performComparison } from "../perform.ts";

/** A comparison as a page asks for it. */
export interface WebCompareJob extends Omit<ComparisonWork, "session"> {
  readonly images: LabelledImages;
  /** WebAssembly if left out. */
  readonly device?: WebDevice;
  readonly threads?: number;
}

/** A comparison in a worker whose module calls `serveComparison`. */
export type WebComparison = WorkerJob<WebCompareJob, CompareEvent, CompareResult>;

/** What a comparison needs of the thread that it runs in. */
export interface WebComparisonContext extends JobContext<CompareEvent> {
  readonly runtime: Omit<WebRuntimeOptions, "threads">;
}

/** Trains and tests all networks of a comparison in the thread that calls. Runs that are stopped are not kept. */
export async function compareInPage(
  { images, device = "wasm", threads, ...work }: WebCompareJob,
  { runtime: options, ...context }: WebComparisonContext,
): Promise<CompareResult> {
  requireThreads(threads);
  const host: ComparisonHost<ImageSet> = {
    runtime: createWebRuntime({ ...options, ...(threads === undefined ? {} : { threads }) }),
    chosen: { lowering: createPortableLowering(portableChoices[device]), name: "portable" },
    device: await nameWebDevice(device),
    data: toDataset(images),
    prepare: (batches, firstStep) => {
      const write = createBatchWriter(batches);
      let step = firstStep;
      const next = () =>
        makeBatch(labelledShapes(batches.set), batches.plan.batch, (pixels, labels) => write(step++, pixels, labels));
      return { next, release: async () => undefined };
    },
    evaluate: (set, normalization, batch) => evaluationBatches(set, normalization, batch),
    openJournal: (_, options_) => createJournal(undefined, { ...options_, codec: safetensorsCodec }),
  };
  const session = { executionProviders: [device], memoryPattern: device === "wasm" };
  return performComparison({ ...work, session }, host, context);
}
