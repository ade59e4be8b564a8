import type { WorkerJob } from "../../../jobs/web/worker.ts";
import type { TrainingStatus } from "../../../train/loop.ts";

/** A picture whose cells were put right by hand. */
export interface CorrectedPicture {
  readonly file: File;
  /** `[height, width]`: the number of the cell at each point; 0 is background. */
  readonly labels: Int32Array;
}

/** A network to train further, and on what. */
export interface TuneInput {
  readonly pictures: readonly CorrectedPicture[];
  /** The address of the folder of ready networks, whose cells' network is trained. */
  readonly models: string;
}

/** How far a training is. */
export type TuneEvent =
  | { readonly kind: "judging"; readonly isBefore: boolean }
  | { readonly kind: "building" }
  | { readonly kind: "step"; readonly step: number; readonly steps: number; readonly loss: number };

/** What a network finds in a picture, compared with the corrected cells. */
export interface Agreement {
  readonly found: number;
  /** Of cells that overlap by half of their union at least. */
  readonly f1: number;
  /** The mean average precision. */
  readonly precision: number;
}

/** A picture that was trained on, with the network before and after. */
export interface JudgedPicture {
  readonly name: string;
  readonly cells: number;
  readonly before: Agreement;
  readonly after: Agreement;
}

/** A network that was trained further. */
export interface TuneResult {
  readonly status: TrainingStatus;
  /** Why it ended, if it went wrong. */
  readonly reason?: string;
  readonly step: number;
  readonly steps: number;
  /** The network; none if it went wrong, or was stopped before the first step. */
  readonly onnx?: Uint8Array<ArrayBuffer>;
  readonly pictures: readonly JudgedPicture[];
}

/** Training further, in a worker of its own: its memory is given back at the end. */
export const tuning: WorkerJob<TuneInput, TuneEvent, TuneResult> = {
  name: "training",
  worker: () => new Worker(new URL("./tune-worker.js", import.meta.url), { type: "module" }),
};
