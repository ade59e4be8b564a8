import { builtFile } from "../../../files/node.ts";
import { type ChildJob, runInChild } from "../../../jobs/node/child-process.ts";
import type { MemoryEvent } from "../../../train/memory-job.ts";
import type { TrainedFile, TrainJob } from "../../engine.ts";
import { mostJobBytes, trainJobSchema } from "../../train-job.ts";
import { serveJob, type ServedJob } from "../served-job.ts";

/** A training on images of the reader's own, in a process of its own. */
export const trainingChild: ChildJob<TrainJob, MemoryEvent, TrainedFile> = {
  name: "training",
  worker: builtFile(import.meta.url, "./worker.js"),
};

/** Trainings on images that the page sends. */
export const trainingJob: ServedJob = serveJob({
  name: "training",
  schema: trainJobSchema,
  bodyBytes: mostJobBytes,
  networks: () => 1,
  start: (job, onEvent: (event: MemoryEvent) => void) => runInChild(trainingChild, job, { onEvent }),
});
