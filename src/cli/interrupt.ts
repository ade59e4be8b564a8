import type { Running } from "../jobs/job.ts";
import { say } from "./output.ts";

/**
 * Ctrl-C during a job: the first time asks it to stop after the current step, the second time ends it at once.
 * @returns what tells whether it was pressed, and ends the watch
 */
export function watchInterrupt(
  job: Pick<Running<unknown, unknown>, "stop" | "kill">,
  message: string,
): { readonly pressed: () => boolean; readonly end: () => void } {
  let presses = 0;
  const onSignal = (): void => {
    presses++;
    if (presses === 1) {
      say();
      say(message);
      job.stop();
    } else {
      job.kill();
    }
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    pressed: () => presses > 0,
    end: () => {
      process.removeListener("SIGINT", onSignal);
      process.removeListener("SIGTERM", onSignal);
    },
  };
}
