import { runInWorker } from "../../../jobs/web/worker.ts";
import { train } from "../../../web.ts";
import type { TrainedFile, TrainEvent, Training, TrainJob } from "../../engine.ts";
import { imagesOf, optionsOf } from "../../train-job.ts";
import { judging } from "./judge-job.ts";

/** Trains in a worker of the page, then judges in another. */
export function startInPage(job: TrainJob, onEvent: (event: TrainEvent) => void): Training {
  const { resume, choice, classes, test } = job;
  const options = { ...optionsOf(job), ...(resume === undefined ? {} : { resume }) };
  const training = train(imagesOf(job), options, { onEvent });
  let current: Pick<Training, "kill"> = training;
  const finish = async (): Promise<TrainedFile> => {
    const { status, steps, onnx, reason } = await training.result;
    onEvent({ kind: "judging", done: 0, count: test.labels.length });
    const judgement = runInWorker(
      judging,
      { onnx, choice, classes, test },
      { onEvent: (progress) => onEvent({ kind: "judging", ...progress }) },
    );
    current = judgement;
    const about = { status, steps, onnx, ...(reason === undefined ? {} : { reason }) };
    return { ...about, judgement: await judgement.result };
  };
  return { result: finish(), stop: training.stop, kill: () => current.kill() };
}
