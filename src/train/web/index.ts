export type * from "../../jobs/job.ts";
export { runInWorker, type WorkerJob } from "../../jobs/web/worker.ts";
export { performTraining, type WebTrainingContext } from "./perform-training.ts";
export * from "./protocol.ts";
