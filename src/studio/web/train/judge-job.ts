import type { WorkerJob } from "../../../jobs/web/worker.ts";
import type { Judgement, JudgeProgress } from "../../engine.ts";
import type { JudgeInput } from "../../judge.ts";

/** Judging, in a worker of its own. */
export const judging: WorkerJob<JudgeInput, JudgeProgress, Judgement> = {
  name: "judging",
  worker: () => new Worker(new URL("./judge-worker.js", import.meta.url), { type: "module" }),
};
