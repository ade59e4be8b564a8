import { builtFile } from "../../../files/node.ts";
import type { ChildJob } from "../../../jobs/node/child-process.ts";
import type { CompareEvent, CompareJob, CompareResult } from "../job.ts";

export type * from "../job.ts";

/** Trains and tests all networks of a comparison, one after another. */
export const comparisonJob: ChildJob<CompareJob, CompareEvent, CompareResult> = {
  name: "comparison",
  worker: builtFile(import.meta.url, "./worker.js"),
};
