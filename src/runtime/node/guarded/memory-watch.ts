import { writeSync } from "node:fs";
import { setInterval } from "node:timers";
import { workerData } from "node:worker_threads";
import { MEMORY_WORD } from "./protocol.ts";

// A thread of a model's process that ends the process once it takes more memory than it may: a run blocks the main thread.

const POLL_MILLISECONDS = 20;
const STANDARD_ERROR = 2;
const limit = workerData as number;

setInterval(() => {
  if (process.memoryUsage.rss() <= limit) return;
  writeSync(STANDARD_ERROR, `${MEMORY_WORD}\n`);
  process.kill(process.pid, "SIGKILL");
}, POLL_MILLISECONDS);
