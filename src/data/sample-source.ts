import type { BatchPlan, BatchWriter, SampleShapes } from "./batches.ts";
import type { Normalization } from "./image-set.ts";

/** Writes the batch of one step as a {@link BatchWriter} does, perhaps once files are decoded. */
export type SampleWriter = (step: number, images: Float32Array, labels: BigInt64Array) => void | Promise<void>;

/** What batches are made of in the calling thread. */
export interface LocalSource {
  /** Extents of one sample. */
  readonly shapes: SampleShapes;
  /** Which samples each step takes. */
  readonly plan: BatchPlan;
  /** How the images are normalised, to show them. */
  readonly normalization: Normalization;
  /** Makes what writes the batches. */
  readonly createWriter: () => BatchWriter;
}

/**
 * What a loader makes batches of, in threads of their own. It knows nothing about the samples: a thread imports the
 * source's module and lets it write into shared memory.
 */
export interface SampleSource<Data = unknown> extends Omit<LocalSource, "createWriter"> {
  /** The address of a module that exports what {@link WriterModule} says. */
  readonly writer: string;
  /** All that the writer needs: plain data, large ones in memory that threads share. */
  readonly data: Data;
  /** Makes the same writer in the calling thread; left out if batches must be waited for, as those of files. */
  readonly createWriter?: () => BatchWriter;
  /** Seconds after which a batch counts as lost. Default 60. */
  readonly patience?: number;
}

/** What a source's module exports. */
export interface WriterModule<Data> {
  readonly createWriter: (data: Data) => SampleWriter | Promise<SampleWriter>;
}
