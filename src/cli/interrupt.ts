import type { Running } from "../jobs/job.ts";
import type { Words } from "../report/words.ts";
import { say } from "./output.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Handles Ctrl-C, SIGTERM or the end of the terminal (SIGHUP) during a job: the first asks it to stop after the current step, the
 * second ends it at once.
 *
 * @param message what is said after the first; nothing if false
 * @returns functions that tell whether it was pressed and whether twice, and end the watch
 */
export function watchInterrupt(
  job: Pick<Running<unknown, unknown>, "stop" | "kill">,
  message: Words | false,
): { readonly pressed: () => boolean; readonly pressedAgain: () => boolean; readonly end: () => void } {
  let presses = 0;
  const onSignal = (): void => {
    presses++;
    if (presses === 1) {
      if (message !== false) {
        say();
        say(message);
      }
      job.stop();
    } else {
      job.kill();
    }
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    pressed: () => presses > 0,
    pressedAgain: () => presses > 1,
    end: () => {
      for (const signal of SIGNALS) process.removeListener(signal, onSignal);
    },
  };
}
