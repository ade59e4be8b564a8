// A browser's worker that does the suite's jobs; see `worker.web.test.ts`.
import type { Job } from "../../src/jobs/job.ts";
import { serveInWorker, type WorkerJob } from "../../src/jobs/web/worker.ts";
import * as errors from "../../src/tensor/errors.ts";
import type { TestOrder } from "./host-suite.ts";
import { createJobs } from "./jobs.js";

const jobs = createJobs(errors);
/** What was handed over is empty here. */
let last: ArrayBufferLike | undefined;

serveInWorker<WorkerJob<TestOrder, unknown, unknown>>(
  ({ job, input }, context) => (jobs[job] as Job<unknown, unknown, unknown>["run"])(input, context),
  {
    transfer: (result) => {
      if (!(result instanceof Float32Array)) return [];
      last = result.buffer;
      setTimeout(() => postMessage({ left: last?.byteLength }));
      return [result.buffer];
    },
  },
);

// Others may talk to the page, too.
postMessage("not Residua's");
postMessage({ kind: "result", result: "not Residua's either" });
