import { isMainThread, Worker } from "node:worker_threads";
import { builtFile } from "../../files/node/built-file.ts";

// Imported before a job's own modules, whose loading takes seconds: ends this process soon after its parent, from a thread of its
// own, since loading and running block this one for as long as they take. Threads of the process inherit the import.
if (isMainThread)
  new Worker(builtFile(import.meta.url, "./parent-watch.js"), {
    workerData: Number(process.argv[2]),
    execArgv: [],
  }).unref();
