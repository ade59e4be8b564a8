import { fork } from "node:child_process";
import { EnvironmentError, ResiduaError } from "../../tensor/errors.ts";

/** From parent to child. */
type Order<Input> = { readonly kind: "start"; readonly input: Input } | { readonly kind: "stop" };

/** From child to parent. */
type Answer<Event, Result> =
  | { readonly kind: "event"; readonly event: Event }
  | { readonly kind: "result"; readonly result: Result }
  | { readonly kind: "error"; readonly name: string; readonly message: string };

/** An error that was thrown in the child, with its own class's name and its own words. */
export class ChildError extends ResiduaError {
  /** The class of the error in the child. */
  readonly original: string;

  constructor(original: string, message: string) {
    const at = message.indexOf(": ");
    super(message.slice(0, Math.max(at, 0)) || "training", at < 0 ? message : message.slice(at + 2));
    this.original = original;
  }
}

/** A job under way in a child process. */
export interface ChildJob<Result> {
  readonly result: Promise<Result>;
  /** Asks the job to end after what it is doing; the result then says how far it came. */
  stop(): void;
  /** Ends the child at once. What it had written stays; what it was writing is lost. */
  kill(): void;
}

/**
 * Runs a job in a process of its own: ONNX Runtime's `run` blocks the thread that calls it, and a process must not end
 * in the middle of it. The child takes large pages, which make large outputs several times cheaper.
 *
 * @param file the module that calls {@link serveJob}
 * @param input and what the job reports must survive structured cloning
 */
export function startChildJob<Input, Event, Result>(
  file: URL,
  input: Input,
  onEvent: (event: Event) => void,
): ChildJob<Result> {
  const child = fork(file, {
    serialization: "advanced",
    env: { ...process.env, GLIBC_TUNABLES: process.env["GLIBC_TUNABLES"] ?? "glibc.malloc.hugetlb=1" },
    // Ctrl-C reaches the whole group of processes; the parent decides what it means.
    detached: true,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const send = (order: Order<Input>): void => void (child.connected && child.send(order));
  const onExit = (): void => void child.kill("SIGKILL");
  process.once("exit", onExit);
  const result = new Promise<Result>((resolve, reject) => {
    child.on("message", (answer: Answer<Event, Result>) => {
      if (answer.kind === "event") onEvent(answer.event);
      else if (answer.kind === "result") resolve(answer.result);
      else reject(new ChildError(answer.name, answer.message));
    });
    child.once("error", (error) =>
      reject(new EnvironmentError("training process", `could not be started: ${error.message}`, { cause: error })),
    );
    child.once("exit", (code, signal) => {
      process.removeListener("exit", onExit);
      const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
      reject(new EnvironmentError("training process", `${how}; perhaps memory ran out: try a smaller batch`));
    });
  });
  send({ kind: "start", input });
  return { result, stop: () => send({ kind: "stop" }), kill: () => void child.kill("SIGKILL") };
}

/** What a job may use in the child. */
export interface JobContext<Event> {
  report(event: Event): void;
  /** Lets messages in, and says whether a stop was asked for: to be awaited between steps. */
  shouldStop(): Promise<boolean>;
}

/** Serves one job in the child, then ends the process. */
export function serveJob<Input, Event, Result>(
  run: (input: Input, context: JobContext<Event>) => Promise<Result>,
): void {
  let stopped = false;
  const send = (answer: Answer<Event, Result>, done?: () => void): void => void process.send?.(answer, () => done?.());
  const finish = (): void => process.disconnect?.();
  const context: JobContext<Event> = {
    report: (event) => send({ kind: "event", event }),
    shouldStop: () => new Promise((resolve) => setImmediate(() => resolve(stopped))),
  };
  process.on("message", (order: Order<Input>) => {
    if (order.kind === "stop") {
      stopped = true;
      return;
    }
    run(order.input, context).then(
      (result) => send({ kind: "result", result }, finish),
      (error: unknown) => {
        const { name, message } = error instanceof Error ? error : new Error(String(error));
        send({ kind: "error", name, message }, finish);
      },
    );
  });
  // The parent is gone: nobody waits for the result, and nobody could stop this process.
  process.once("disconnect", () => (stopped = true));
}
