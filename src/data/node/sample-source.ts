import { type BatchSource, labelledShapes, requireBatches, type SampleShapes, stepsPerEpoch } from "../batches.ts";
import { isInMemory } from "../image-set.ts";
import { cropShapes, type SegmentationSource } from "../../tasks/segment/data/batches.ts";

/** Whatever batches can be made of: images with a class each, or crops of images with masks. */
export type SampleSource = BatchSource | SegmentationSource;

/** Extents of a source's samples. */
export function shapesOf(source: SampleSource): SampleShapes {
  return "kind" in source ? cropShapes(source) : labelledShapes(source.set);
}

/** Whether samples are made of what is in memory, or of files that have to be decoded. */
export function isMemorySource(source: SampleSource): boolean {
  return "kind" in source || isInMemory(source.set);
}

/** @throws {OptionError} if no batch can be had */
export function requireSource(source: SampleSource): void {
  if ("kind" in source) stepsPerEpoch(source.plan);
  else requireBatches(source);
}
