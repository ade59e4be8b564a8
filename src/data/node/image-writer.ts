import { createBatchWriter, type ImageBatches } from "../batches.ts";
import { isInMemory } from "../image-set.ts";
import type { SampleWriter } from "../sample-source.ts";

/** The writer of labelled batches in a loader thread. */
export async function createWriter({ set, ...rest }: ImageBatches): Promise<SampleWriter> {
  if (isInMemory(set)) return createBatchWriter({ set, ...rest });
  // Only files need a decoder.
  const { createFileBatchWriter } = await import("./file-batches.ts");
  return createFileBatchWriter({ set, ...rest });
}
