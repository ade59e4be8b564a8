import { builtFile } from "../../../files/node.ts";
import { type ChildJob, runInChild } from "../../../jobs/node/child-process.ts";
import type { MemoryRecord } from "../../../train/node/record.ts";
import type { Judgement, TrainedFile, TrainEvent, TrainJob } from "../../engine.ts";
import { mostJobBytes, trainJobSchema } from "../../train-job.ts";
import { serveJob, type ServedJob } from "../served-job.ts";

/** What the process of a training gives: what the page is told, and what is recorded. */
interface Outcome extends MemoryRecord {
  readonly judgement: Judgement;
}

/** A training on images of the reader's own, in a process of its own. */
export const trainingChild: ChildJob<TrainJob, TrainEvent, Outcome> = {
  name: "training",
  worker: builtFile(import.meta.url, "./worker.js"),
};

const toTrainedFile = ({ status, reason, onnx, steps, judgement }: Outcome): TrainedFile => ({
  status,
  onnx,
  steps,
  judgement,
  ...(reason === undefined ? {} : { reason }),
});

/** Trainings on images that the page sends. */
export const trainingJob: ServedJob = serveJob({
  name: "training",
  schema: trainJobSchema,
  bodyBytes: mostJobBytes,
  networks: () => 1,
  start: (job, onEvent: (event: TrainEvent) => void) => {
    const { result, stop, kill } = runInChild(trainingChild, job, { onEvent });
    return { result: result.then(toTrainedFile), stop, kill };
  },
});
