import { builtFile } from "../../files/node.ts";
import type { ChildJob } from "../../jobs/node/child-process.ts";
import type { TrainingEvent, TrainingJob, TrainingResult } from "../../train/node/job.ts";

/** Trains in a child process, for the task that the job or its checkpoint names. */
export const trainingJob: ChildJob<TrainingJob, TrainingEvent, TrainingResult> = {
  name: "training",
  worker: builtFile(import.meta.url, "./worker.js"),
};
