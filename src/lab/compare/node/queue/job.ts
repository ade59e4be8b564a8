import { builtFile } from "../../../../files/node.ts";
import type { ChildJob } from "../../../../jobs/node/child-process.ts";
import type { StoreAddress } from "../../../../store/address.ts";
import type { CompareEvent, CompareJob, CompareResult } from "../../job.ts";
import type { Attempt } from "./attempts.ts";

/** One run that a worker took from a queue. */
export interface TakenRun {
  /** A comparison of this run alone, its data where this worker has them. */
  readonly job: CompareJob;
  readonly attempt: Attempt;
  /** The database that says whose the run is. */
  readonly address: StoreAddress;
  /** The run's own folder in the shared one. */
  readonly folder: string;
  /** From one checkpoint to the next. */
  readonly checkpointMilliseconds: number;
}

/** Trains and tests one run, from its last checkpoint on; writes only as long as nobody else has taken it. */
export const takenRunJob: ChildJob<TakenRun, CompareEvent, CompareResult> = {
  name: "training",
  worker: builtFile(import.meta.url, "./worker.js"),
};
