import { EnvironmentError } from "../tensor/errors.ts";
import type { Job, Running, RunOptions } from "./job.ts";
import { createRunning } from "./running.ts";
import { takeMessages } from "./turn.ts";

/**
 * Runs a job in the calling thread, which its computations occupy. It cannot be killed there: `kill` asks it to stop
 * and ignores its further events.
 */
export function runInline<Input, Event, Result>(
  { name, run }: Job<Input, Event, Result>,
  input: NoInfer<Input>,
  options: RunOptions<NoInfer<Event>> = {},
): Running<Event, Result> {
  let isStopped = false;
  const stop = (): void => void (isStopped = true);
  const kill = (): void => {
    stop();
    fail(new EnvironmentError(name, "was ended, as asked"));
  };
  const { running, report, succeed, fail } = createRunning<Event, Result>(name, { stop, kill }, options);
  const shouldStop = async (): Promise<boolean> => {
    await takeMessages();
    return isStopped;
  };
  // After the caller's own turn: as in every host, no event comes before the caller has what this returns.
  Promise.resolve()
    .then(() => run(input, { report, shouldStop }))
    .then(succeed, fail);
  return running;
}
