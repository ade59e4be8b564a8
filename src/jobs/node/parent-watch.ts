import { setInterval, setTimeout } from "node:timers";
import { workerData } from "node:worker_threads";
import { hasCode } from "../../files/node/failure.ts";

// A thread of a job's process that ends the process a while after its parent: by then the job has stopped, or is inside a run
// that would go on for nobody.

const POLL_MILLISECONDS = 200;
/** For the job to stop by itself, as it is asked to when its parent is gone; with a poll, less than five seconds. */
const GRACE_MILLISECONDS = 3_500;

const parent = workerData as number;

/** On Windows, a process keeps the number of a parent that is gone. */
function hasParent(): boolean {
  if (process.ppid !== parent) return false;
  try {
    process.kill(parent, 0);
    return true;
  } catch (error) {
    return !hasCode(error, "ESRCH");
  }
}

const poll = setInterval(() => {
  if (hasParent()) return;
  clearInterval(poll);
  setTimeout(() => process.kill(process.pid, "SIGKILL"), GRACE_MILLISECONDS);
}, POLL_MILLISECONDS);
