import type { WorkerService } from "../../../jobs/web/service.ts";
import type { ListedRun } from "../../runs/read-export.ts";

/** What is asked about runs. */
export type RunsRequest =
  | { readonly kind: "open"; readonly file: File }
  | {
      readonly kind: "curves";
      readonly ids: readonly string[];
      readonly metric: string;
    };

/** Curves of some runs over the same steps. */
export interface RunCurves {
  /** Steps from one point to the next. */
  readonly stride: number;
  /** Points of each curve. */
  readonly points: number;
  /** By run; each point is the mean of the values since the one before, NaN where there are none. */
  readonly values: readonly (readonly number[])[];
}

/** What is answered. */
export type RunsAnswer =
  | { readonly kind: "runs"; readonly runs: readonly ListedRun[] }
  | ({ readonly kind: "curves" } & RunCurves);

/** Runs of a file, in a worker that keeps their values. */
export const runsReading: WorkerService<RunsRequest, never, RunsAnswer> = {
  name: "runs",
  worker: () => new Worker(new URL("./runs-worker.js", import.meta.url), { type: "module" }),
};
