import type { WorkerJob } from "../../jobs/web/worker.ts";
import type { LaneEvent, RaceJob, RaceResult } from "../engine.ts";

/** One network's race as its worker is told. */
export interface LaneJob extends RaceJob {
  /** The address of the digits. */
  readonly digits: string;
}

/** A lane's worker. */
export type Lane = WorkerJob<LaneJob, LaneEvent, RaceResult>;
