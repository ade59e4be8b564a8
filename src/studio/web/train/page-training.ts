import type { Running, RunOptions } from "../../../jobs/job.ts";
import { train, type TrainingEvent, type TrainResult } from "../../../web.ts";
import type { TrainJob } from "../../engine.ts";
import { imagesOf, optionsOf } from "../../train-job.ts";

/** Starts a training in a worker of the page. */
export function startInPage(
  job: TrainJob,
  hears: RunOptions<TrainingEvent>,
): Running<TrainingEvent, TrainResult<"classify">> {
  const { resume } = job;
  return train(imagesOf(job), { ...optionsOf(job), ...(resume === undefined ? {} : { resume }) }, hears);
}
