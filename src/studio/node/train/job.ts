import { builtFile } from "../../../files/node.ts";
import { type ChildJob, runInChild } from "../../../jobs/node/child-process.ts";
import { contentIdOf } from "../../../store/artifacts.ts";
import { type RecordOptions, recordTraining } from "../../../train/node/record.ts";
import { combineObservers } from "../../../train/observers.ts";
import type { ComputedEvent, Judgement, TrainJob } from "../../engine.ts";
import { mostJobBytes, trainJobSchema } from "../../train-job.ts";
import { serveJob, type ServedJob } from "../served-job.ts";
import { hearTraining, type ProcessEvent } from "./hear-training.ts";
import { rememberTraining } from "./memory.ts";

/** A training on images of the reader's own, in a process of its own. */
export const trainingChild: ChildJob<TrainJob, ProcessEvent, Judgement> = {
  name: "training",
  worker: builtFile(import.meta.url, "./worker.js"),
};

const ignore = (): void => undefined;

/**
 * Trainings on images that the page sends.
 *
 * @param record how they are recorded, as `residua train` records its own; they are not if left out
 */
export function trainingJob(record: RecordOptions | undefined): ServedJob {
  return serveJob({
    name: "training",
    schema: trainJobSchema,
    bodyBytes: mostJobBytes,
    networks: () => 1,
    remember: rememberTraining,
    start: (job, onEvent: (event: ComputedEvent) => void) => {
      const resumed = job.resume && contentIdOf(job.resume).sha256;
      const recorders = record === undefined ? [] : [recordTraining(record, { command: "studio", resumed })];
      const recorder = combineObservers(recorders, record?.say ?? ignore);
      const { hear, judged, end } = hearTraining(recorder, onEvent);
      const { result, stop, kill } = runInChild(trainingChild, job, { onEvent: hear });
      let [isAsked, fault]: [boolean, Error | undefined] = [false, undefined];
      // A store that cannot be reached keeps no page waiting.
      const written = result.then(
        () => end(),
        (error: unknown) => end({ error: fault ?? error, isAsked }),
      );
      const endAtOnce = (why?: Error): void => {
        [isAsked, fault] = [why === undefined, why];
        kill();
      };
      return { result: result.then(judged), stop, kill: endAtOnce, written };
    },
  });
}
