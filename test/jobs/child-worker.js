// A child process that does the suite's jobs, and ends in ways of its own; see `child-process.test.ts`.
import { renameSync, writeFileSync } from "node:fs";
import { createJobs } from "./jobs.js";

/** @type {typeof import("../../src/jobs/node/child-process.ts")} */
const { serveJob } = await import(new URL("../../dist/jobs/node/child-process.js", import.meta.url).href);
/** @type {typeof import("../../src/tensor/errors.ts")} */
const errors = await import(new URL("../../dist/tensor/errors.js", import.meta.url).href);

const never = new Promise(() => undefined);

/** @type {Record<string, import("../../src/jobs/job.ts").Job<any, unknown, unknown>["run"]>} */
const jobs = {
  ...createJobs(errors),
  mark: async (path, { report, shouldStop }) => {
    report(process.pid);
    while (!(await shouldStop()));
    writeFileSync(`${path}.new`, "stopped");
    renameSync(`${path}.new`, path);
  },
  hang: async (_, { report }) => {
    report(process.pid);
    setInterval(() => undefined, 1000);
    return never;
  },
  // As inside a run of ONNX Runtime, where no message and no timer is heard.
  block: async (_, { report, shouldStop }) => {
    report(process.pid);
    await shouldStop();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600_000);
  },
  exit: async (_, { shouldStop }) => {
    await shouldStop();
    console.log("not the parent's business");
    console.error("first words\nlast words");
    process.exitCode = 7;
    process.disconnect();
  },
  exhaust: async () => {
    const words = "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n";
    process.stderr.write(words, () => process.abort());
    return never;
  },
  killItself: async () => process.kill(process.pid, "SIGKILL"),
  environment: async () => process.env.GLIBC_TUNABLES,
};

serveJob(({ job, input }, context) => jobs[job](input, context));
