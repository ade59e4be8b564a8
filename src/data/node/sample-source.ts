import {
  type BatchPlan,
  type BatchSource,
  labelledShapes,
  requireBatches,
  type SampleShapes,
  stepsPerEpoch,
} from "../batches.ts";
import { isInMemory, type Normalization } from "../image-set.ts";

/** Samples that a module of their own writes: whatever a task makes batches of. */
export interface WrittenSource {
  readonly plan: BatchPlan;
  /** Extents of one sample. */
  readonly shapes: SampleShapes;
  readonly normalization: Normalization;
  /** Address of a module whose `createWriter(data)` gives a `BatchWriter`; a loader's thread imports it. */
  readonly writer: string;
  /** What `createWriter` takes; it is sent to the thread, so memory that counts should be shared. */
  readonly data: unknown;
}

/** Whatever batches can be made of: images with a class each, or samples that a task writes. */
export type SampleSource = BatchSource | WrittenSource;

/** Whether a task's own module writes the samples; narrows. */
export function isWritten(source: SampleSource): source is WrittenSource {
  return "writer" in source;
}

/** Extents of a source's samples. */
export function shapesOf(source: SampleSource): SampleShapes {
  return isWritten(source) ? source.shapes : labelledShapes(source.set);
}

/** Whether samples are made of what is in memory, or of files that have to be decoded. */
export function isMemorySource(source: SampleSource): boolean {
  return isWritten(source) || isInMemory(source.set);
}

/** @throws {OptionError} if no batch can be had */
export function requireSource(source: SampleSource): void {
  if (isWritten(source)) stepsPerEpoch(source.plan);
  else requireBatches(source);
}
