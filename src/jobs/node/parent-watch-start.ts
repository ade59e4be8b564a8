import { isMainThread, Worker } from "node:worker_threads";
import { builtFile } from "../../files/node/built-file.ts";

// Imported before a job's own modules, whose loading takes seconds: ends this process soon after its parent, from a thread of its
// own, since loading and running block this one for as long as they take. Threads of the process inherit the import.
if (isMainThread) {
  // systemd and batch systems signal every process of a job at once: what a signal means, the parent alone decides, which would
  // lose a checkpoint or answers under way if this process ended first. SIGKILL still ends it.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
  new Worker(builtFile(import.meta.url, "./parent-watch.js"), {
    workerData: Number(process.argv[2]),
    execArgv: [],
  }).unref();
}
