import type { BatchWriter } from "../../../data/batches.ts";
import { createSegmentationWriter, type SegmentationSource } from "../data/batches.ts";

/** Writes crops in a loader's thread. */
export function createWriter(source: SegmentationSource): BatchWriter {
  return createSegmentationWriter(source);
}
