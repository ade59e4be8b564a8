import { OptionError } from "../tensor/errors.ts";
import { createEventQueue } from "./event-queue.ts";
import type { Running, RunOptions } from "./job.ts";

/** A job under way, and its host's reports. */
export interface RunningEnds<Event, Result> {
  readonly running: Running<Event, Result>;
  readonly report: (event: Event) => void;
  readonly succeed: (result: Result) => void;
  readonly fail: (error: unknown) => void;
}

/** The actions of a host on its caller's request. */
export type RunningControl = Pick<Running<unknown, unknown>, "stop" | "kill">;

/** Pairs the caller's handle of a job with its host's reports; the first outcome wins. */
export function createRunning<Event, Result>(
  name: string,
  control: RunningControl,
  { onEvent }: RunOptions<Event>,
): RunningEnds<Event, Result> {
  const queue = createEventQueue<Event>(`${name} events`);
  let isOver = false;
  let succeed: RunningEnds<Event, Result>["succeed"] = () => undefined;
  let fail: RunningEnds<Event, Result>["fail"] = () => undefined;
  const result = new Promise<Result>((resolve, reject) => {
    const end = (settle: () => void): void => {
      isOver = true;
      queue.end();
      settle();
    };
    succeed = (value) => end(() => resolve(value));
    // Whatever was thrown is passed on as it is.
    fail = (error) => end(() => reject(error));
  });
  const hear = (event: Event): void => {
    try {
      onEvent!(event);
    } catch (error) {
      fail(error);
      control.kill();
    }
  };
  const add = onEvent === undefined ? queue.add : hear;
  const report = (event: Event): void => {
    if (!isOver) add(event);
  };
  const refuse = (): never => {
    throw new OptionError(
      "onEvent",
      `hears the ${name}'s events, so that none are left to iterate over; leave one out`,
    );
  };
  const read = onEvent === undefined ? queue[Symbol.asyncIterator] : refuse;
  return { running: { result, ...control, [Symbol.asyncIterator]: read }, report, succeed, fail };
}
