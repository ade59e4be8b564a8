import type { BatchPlan, BatchShare, BatchWriter, SampleShapes } from "./batches.ts";
import type { Normalization } from "./image-set.ts";

/** Writes the batch of one step as a {@link BatchWriter} does, perhaps once files are decoded. */
export type SampleWriter = (step: number, images: Float32Array, labels: BigInt64Array) => void | Promise<void>;

/** A source of batches in the calling thread. */
export interface LocalSource {
  /** Extents of one sample. */
  readonly shapes: SampleShapes;
  /** Which samples each step takes. */
  readonly plan: BatchPlan;
  /** The normalisation of the images, needed to display them. */
  readonly normalization: Normalization;
  /** Creates the batch writer. */
  readonly createWriter: () => BatchWriter;
}

/** What a writer is made from: besides its plan, whatever it needs. */
export interface SourceData {
  readonly plan: BatchPlan;
}

/**
 * A loader's source of batches in worker threads. The loader knows nothing about samples: a thread imports the source's
 * module, which writes into shared memory.
 */
export interface SampleSource<Data extends SourceData = SourceData> extends Omit<LocalSource, "createWriter"> {
  /** The URL of a module that implements {@link WriterModule}. */
  readonly writer: string;
  /** The writer's input: plain data, with large parts in shared memory. */
  readonly data: Data;
  /** Creates the same writer in the calling thread; absent if batches are asynchronous, as from files. */
  readonly createWriter?: () => BatchWriter;
  /** Seconds after which a batch counts as lost. Default 60. */
  readonly patience?: number;
}

/** The exports of a source's module. */
export interface WriterModule<Data> {
  readonly createWriter: (data: Data) => SampleWriter | Promise<SampleWriter>;
}

/** The source of one share of every batch, for ranks that train together. */
export function shareOfSource(source: SampleSource, share: BatchShare): SampleSource {
  const { shapes, normalization, writer, patience } = source;
  const plan = { ...source.plan, share };
  const data = { ...source.data, plan };
  return { shapes, plan, normalization, writer, data, ...(patience === undefined ? {} : { patience }) };
}
