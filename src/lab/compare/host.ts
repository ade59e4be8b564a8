import type { Batch, ImageBatches } from "../../data/batches.ts";
import type { Dataset, Images, Normalization } from "../../data/image-set.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { ModelCache } from "../../train/model-cache.ts";
import type { ChosenLowering } from "../../train/lowering.ts";
import type { JobContext } from "../../jobs/job.ts";
import type { CurvePoint } from "./comparison.ts";
import type { CompareEvent, ComparisonWork } from "./job.ts";
import type { Journal, JournalOptions } from "../../jobs/journal.ts";

/** Batches one after another, as they are prepared somewhere. */
export interface PreparedBatches {
  readonly next: () => Batch;
  readonly release: () => Promise<void>;
}

/** What computes a comparison, and where its data come from. */
export interface ComparisonHost<I extends Images = Images> {
  readonly runtime: Runtime;
  readonly chosen: ChosenLowering;
  /** The device and its adapter, if not the processor. */
  readonly device?: string | undefined;
  readonly cache?: ModelCache;
  readonly data: Dataset<I>;
  /** Prepares the batches of a training from a step on. */
  prepare(batches: ImageBatches<I>, firstStep: number): PreparedBatches;
  /** All of these images once, in order. */
  evaluate(images: I, normalization: Normalization, batch: number): AsyncIterable<Batch> | Iterable<Batch>;
  /** Where the run of this place in the work is kept when it is interrupted. */
  readonly openJournal: (
    run: number,
    options: Omit<JournalOptions<readonly CurvePoint[]>, "codec">,
  ) => Journal<readonly CurvePoint[]>;
}

/** A comparison at work: what computes it, what it is, and whom it tells. */
export interface Workplace {
  readonly host: ComparisonHost;
  readonly job: ComparisonWork;
  readonly context: JobContext<CompareEvent>;
}
