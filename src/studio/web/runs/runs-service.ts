import type { WorkerService } from "../../../jobs/web/service.ts";
import type { ListedRun } from "../../runs/read-export.ts";
import type { OwnTags, View } from "./view.ts";

/** Where runs come from: a file that was exported, or the store of the server that gave the page. */
export type RunsSource =
  | { readonly kind: "file"; readonly file: File }
  | {
      readonly kind: "store";
      /** Its address, without a slash at the end. */
      readonly address: string;
    };

/** What is asked about runs. */
export type RunsRequest =
  | ({ readonly kind: "open"; readonly source: RunsSource } & Listed)
  | ({ readonly kind: "list" } & Listed)
  | {
      readonly kind: "curves";
      readonly ids: readonly string[];
      readonly metric: string;
    };

/** What is to be listed. */
export interface Listed {
  readonly view: View;
  readonly tags: OwnTags;
  /** Ids of the runs that are compared. */
  readonly chosen: readonly string[];
}

/** A page of runs: what is shown crosses to the page, not ten thousand runs. */
export interface Listing {
  /** What was asked for. */
  readonly view: View;
  /** Those of the page that is looked at. */
  readonly runs: readonly ListedRun[];
  /** All that the view has. */
  readonly count: number;
  /** The runs that are compared, whether the view has them or not. */
  readonly chosen: readonly ListedRun[];
}

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
export type RunsAnswer = ({ readonly kind: "list" } & Listing) | ({ readonly kind: "curves" } & RunCurves);

/** Runs of a file or a store, in a worker that keeps them. */
export const runsReading: WorkerService<RunsRequest, never, RunsAnswer> = {
  name: "runs",
  worker: () => new Worker(new URL("./runs-worker.js", import.meta.url), { type: "module" }),
};
