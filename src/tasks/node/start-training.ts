import { builtFile } from "../../files/node.ts";
import { type ChildJob, startChildJob } from "../../jobs/node/child-process.ts";
import type { TrainingEvent, TrainingJob, TrainingResult } from "../../train/node/job.ts";

/** Trains in a child process, for the task that the job or its checkpoint names. */
export function startTraining(job: TrainingJob, onEvent: (event: TrainingEvent) => void): ChildJob<TrainingResult> {
  const worker = builtFile(import.meta.url, "./worker.js");
  return startChildJob<TrainingJob, TrainingEvent, TrainingResult>(worker, job, onEvent);
}
