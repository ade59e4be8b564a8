import type { WorkerJob } from "../../jobs/web/worker.ts";
import type { RaceJob, RaceResult, RaceStep } from "../engine.ts";

/** One network's race as its worker is told. */
export interface LaneJob extends RaceJob {
  /** The address of the digits. */
  readonly digits: string;
}

/** What a lane's worker reports. */
export type LaneEvent =
  | { readonly kind: "compiling" }
  | { readonly kind: "step"; readonly step: RaceStep }
  | { readonly kind: "testing" };

/** A lane's worker. */
export type Lane = WorkerJob<LaneJob, LaneEvent, RaceResult>;
