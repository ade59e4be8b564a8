import { ResiduaError } from "../../tensor/errors.ts";
import type { WebAnswer, WebOrder, WebTrainingEvent, WebTrainingJob, WebTrainingResult } from "./protocol.ts";

/** An error that was thrown in the training worker, in its own words; bundlers leave nothing of its class. */
export class WorkerError extends ResiduaError {
  constructor(message: string) {
    const at = message.indexOf(": ");
    super(message.slice(0, Math.max(at, 0)) || "training worker", at < 0 ? message : message.slice(at + 2));
  }
}

/** A training under way in a worker. */
export interface WebTraining {
  /** How it ended. @throws {WorkerError} what was thrown in the worker */
  readonly result: Promise<WebTrainingResult>;
  /** Asks it to end after the step that it is at; the result then holds what was trained until there. */
  stop(): void;
}

/**
 * Starts a training in a worker whose module calls `serveTraining`, and ends the worker when it is over. The page stays
 * responsive; of every step it gets a few figures, of the network nothing until the end.
 *
 * @param onEvent called after every step and every epoch
 */
export function startTraining(
  worker: Worker,
  job: WebTrainingJob,
  onEvent: (event: WebTrainingEvent) => void = () => {},
): WebTraining {
  const order = (message: WebOrder): void => worker.postMessage(message, { transfer: [] });
  const result = new Promise<WebTrainingResult>((resolve, reject) => {
    worker.addEventListener("message", ({ data }: MessageEvent<WebAnswer | undefined>) => {
      if (data?.residua === "event") onEvent(data.event);
      if (data?.residua === "result") resolve(data.result);
      if (data?.residua === "error") reject(new WorkerError(data.message));
    });
    worker.addEventListener("error", ({ message }) =>
      reject(new WorkerError(`training worker: ${message || "its module could not be loaded"}`)),
    );
  });
  order({ residua: "start", job });
  return { result: result.finally(() => worker.terminate()), stop: () => order({ residua: "stop" }) };
}
