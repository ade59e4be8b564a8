import { errorMessage, OptionError } from "../tensor/errors.ts";
import type { Job, RunOptions } from "./job.ts";
import { describeError, type RemoteError, restoreError } from "./remote-error.ts";
import { createRunning, type RunningEnds } from "./running.ts";

/** From the caller to the job. */
export type Order<Input> = { readonly kind: "start"; readonly input: Input } | { readonly kind: "stop" };

/** From the job to its caller; `result` and `error` are the last. */
export type Answer<Event, Result> =
  | { readonly kind: "event"; readonly event: Event }
  | { readonly kind: "result"; readonly result: Result }
  | { readonly kind: "error"; readonly error: RemoteError };

/** The caller's end of a line to another thread or process. */
export interface CallerLine<Input> {
  /** @throws if the order cannot be cloned */
  readonly send: (order: Order<Input>) => void;
  readonly kill: () => void;
}

/** The job's end of it. */
export interface JobLine<Event, Result> {
  /** @throws if the answer cannot be cloned */
  readonly send: (answer: Answer<Event, Result>) => void;
  /** Lets in the orders that are waiting. */
  readonly takeMessages: () => Promise<void>;
}

/** What the caller's end does with what it hears. */
export interface Call<Event, Result> extends Pick<RunningEnds<Event, Result>, "running" | "fail"> {
  readonly receive: (answer: Answer<Event, Result>) => void;
  /** Sends the input; to be called once answers can be heard. */
  readonly start: () => void;
}

/** The caller's side of the protocol, over any line. */
export function callRemote<Input, Event, Result>(
  name: string,
  input: Input,
  { send, kill }: CallerLine<Input>,
  options: RunOptions<Event>,
): Call<Event, Result> {
  const control = { stop: () => send({ kind: "stop" }), kill };
  const { running, report, succeed, fail } = createRunning<Event, Result>(name, control, options);
  // Not held once it is sent: it may be large, and a job's handle lives as long as somebody holds it.
  let first: Order<Input> | undefined = { kind: "start", input };
  return {
    running,
    fail,
    receive: (answer) => {
      if (answer.kind === "event") report(answer.event);
      else if (answer.kind === "result") succeed(answer.result);
      else fail(restoreError(answer.error));
    },
    start: () => {
      try {
        if (first !== undefined) send(first);
        first = undefined;
      } catch (cause) {
        fail(new OptionError(`${name} input`, `cannot be sent, must be plain data: ${errorMessage(cause)}`, { cause }));
        kill();
      }
    },
  };
}

/** The job's side of the protocol, over any line. */
export function serveRemote<Input, Event, Result>(
  run: Job<Input, Event, Result>["run"],
  { send, takeMessages }: JobLine<Event, Result>,
): { readonly receive: (order: Order<Input>) => void; readonly stop: () => void } {
  let isStopped = false;
  const stop = (): void => void (isStopped = true);
  const report = (event: Event): void => send({ kind: "event", event });
  const shouldStop = async (): Promise<boolean> => {
    await takeMessages();
    return isStopped;
  };
  const start = async (input: Input): Promise<void> => {
    try {
      send({ kind: "result", result: await run(input, { report, shouldStop }) });
    } catch (thrown) {
      send({ kind: "error", error: describeError(thrown) });
    }
  };
  return { stop, receive: (order) => (order.kind === "stop" ? stop() : void start(order.input)) };
}
