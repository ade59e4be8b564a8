import type { WorkerService } from "../../../jobs/web/service.ts";
import type { LaneJob } from "../race-protocol.ts";

/** What is asked: to train a network, or to test it without some of its blocks. */
export type CutRequest =
  | { readonly kind: "train"; readonly job: LaneJob }
  | { readonly kind: "cut"; readonly removed: readonly string[] };

/** How many of the digits held back a network gets right. */
export interface CutScore {
  readonly correct: number;
  readonly count: number;
}

/** What is answered. */
export type CutAnswer =
  | {
      readonly kind: "trained";
      readonly blocks: readonly { readonly name: string; readonly isRemovable: boolean }[];
      readonly score: CutScore;
    }
  | { readonly kind: "cut"; readonly score: CutScore };

/** Training a small network and cutting it, in a worker that keeps it. Reports the step that was trained. */
export const networkCutting: WorkerService<CutRequest, number, CutAnswer> = {
  name: "cutting",
  worker: () => new Worker(new URL("./cut-worker.js", import.meta.url), { type: "module" }),
};
