import { builtFile } from "../../../files/node.ts";
import { type ChildJob, runInChild } from "../../../jobs/node/child-process.ts";
import { contentIdOf } from "../../../store/artifacts.ts";
import { type MemoryRecord, type RecordOptions, recordTraining } from "../../../train/node/record.ts";
import { combineObservers } from "../../../train/observers.ts";
import type { ComputedEvent, Judgement, TrainedFile, TrainJob } from "../../engine.ts";
import { mostJobBytes, trainJobSchema } from "../../train-job.ts";
import { serveJob, type ServedJob } from "../served-job.ts";
import { rememberTraining } from "./memory.ts";

/** What the process of a training gives: what the page is told, and what is recorded. */
interface Outcome extends MemoryRecord {
  readonly judgement: Judgement;
}

/** A training on images of the reader's own, in a process of its own. */
export const trainingChild: ChildJob<TrainJob, ComputedEvent, Outcome> = {
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

function toRecord(outcome: Outcome): MemoryRecord {
  const { judgement: _, ...record } = outcome;
  return record;
}

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
      const hear = (event: ComputedEvent): void => {
        onEvent(event);
        if (event.kind !== "judging") recorder.observe(event);
      };
      const { result, stop, kill } = runInChild(trainingChild, job, { onEvent: hear });
      // A store that cannot be reached keeps no page waiting.
      const written = result.then(
        (outcome) => recorder.finish({ result: toRecord(outcome) }),
        (error: unknown) => recorder.finish({ error }),
      );
      return { result: result.then(toTrainedFile), stop, kill, written };
    },
  });
}
