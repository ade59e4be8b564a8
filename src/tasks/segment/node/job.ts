import { builtFile } from "../../../files/node.ts";
import { trainingJob } from "../../../train/node/job.ts";

/** Trains a network that segments. */
export const segmentationJob: typeof trainingJob = {
  ...trainingJob,
  worker: builtFile(import.meta.url, "./worker.js"),
};
