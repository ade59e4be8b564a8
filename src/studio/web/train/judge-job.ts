import type { WorkerJob } from "../../../jobs/web/worker.ts";
import type { Judgement } from "../../engine.ts";
import type { JudgeInput } from "../../judge.ts";

/** Judging, in a worker of its own. */
export const judging: WorkerJob<JudgeInput, never, Judgement> = {
  name: "judging",
  worker: () => new Worker(new URL("./judge-worker.js", import.meta.url), { type: "module" }),
};
