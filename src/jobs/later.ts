import type { Running, RunOptions } from "./job.ts";
import { createRunning } from "./running.ts";

/** What a job that was started gives, besides its events. */
type Started<Result> = Pick<Running<unknown, Result>, "result" | "stop" | "kill">;

/**
 * A job that starts as soon as its prerequisites are ready, such as loaded modules and checked options.
 *
 * @param name names the job in errors
 * @param start starts it with the options that it is given; what it throws rejects the result
 * @param finish converts the job's output to the result
 */
export function runLater<Event, Given, Result>(
  name: string,
  start: (options: Required<RunOptions<Event>>) => Promise<Started<Given>>,
  finish: (given: Given) => Result | Promise<Result>,
  options: RunOptions<Event> = {},
): Running<Event, Result> {
  let [inner, asked]: [Started<Given> | undefined, "stop" | "kill" | undefined] = [undefined, undefined];
  const ask = (what: "stop" | "kill"): void => {
    if (inner === undefined) asked = asked === "kill" ? "kill" : what;
    else inner[what]();
  };
  const control = { stop: () => ask("stop"), kill: () => ask("kill") };
  const { running, report, succeed, fail } = createRunning<Event, Result>(name, control, options);
  const run = async (): Promise<Result> => {
    inner = await start({ onEvent: report });
    if (asked !== undefined) inner[asked]();
    return finish(await inner.result);
  };
  run().then(succeed, fail);
  return running;
}
