import type { Tensor } from "../../tensor/tensor.ts";
import type { Departure } from "./departure.ts";

/** What is asked of a model, in a form that survives the way to a worker. */
export type Work = InferWork | PredictWork;

/** To compute outputs from tensors. */
export interface InferWork {
  readonly kind: "infer";
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: readonly string[];
}

/** To say something about an image. */
export interface PredictWork {
  readonly kind: "predict";
  readonly image: Uint8Array;
  /** The header Accept. */
  readonly accept: string | undefined;
  /** The request's options, as texts. */
  readonly options: Readonly<Record<string, string>>;
  /** The most bytes that the image may decode to. */
  readonly decodedBytes: number;
}

/** A request in a queue. */
export interface Request {
  readonly work: Work;
  /** Samples along the first axis. */
  readonly samples: number;
  readonly bytes: number;
  /** Requests of one group may share a run: same inputs, types and shapes but for the first extent. Null runs alone. */
  readonly group: string | null;
  /** 1 goes first, 0 last. */
  readonly priority: number;
  /** Milliseconds on the scheduler's clock by which the answer must be there. */
  readonly deadline: number;
  readonly departure?: Departure;
}

/** What a request brought, or why it did not. */
export type Outcome = { readonly value: unknown } | { readonly error: Error };

/** What a batch brought. */
export interface BatchOutcome {
  /** One per request, in order. */
  readonly outcomes: readonly Outcome[];
  /** How long the worker computed: without the time that the batch waited there behind another. */
  readonly milliseconds: number;
}

/** What computes batches: a worker process. */
export interface Lane {
  /** Rejects if the worker was lost. */
  readonly run: (model: string, batch: readonly Request[]) => Promise<BatchOutcome>;
  readonly isReady: () => boolean;
}

/** How each answered request spent its time, in milliseconds. */
export interface Timing {
  readonly queued: number;
  readonly computed: number;
  /** Samples of the whole run. */
  readonly batch: number;
}
