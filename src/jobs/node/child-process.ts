import { type ChildProcess, fork } from "node:child_process";
import { EnvironmentError, ResiduaError } from "../../tensor/errors.ts";

/** From parent to child. */
type Order<Input> = { readonly kind: "start"; readonly input: Input } | { readonly kind: "stop" };

/** From child to parent. */
type Answer<Event, Result> =
  | { readonly kind: "event"; readonly event: Event }
  | { readonly kind: "result"; readonly result: Result }
  | { readonly kind: "error"; readonly error: ThrownError };

/** What is left of an error after the way between processes, which keeps neither class nor fields. */
interface ThrownError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string | undefined;
}

/** An error that was thrown in the child, with its own class's name and its own words. */
export class ChildError extends ResiduaError {
  /** The class of the error in the child. */
  readonly original: string;

  constructor({ name, message, stack }: ThrownError) {
    const at = message.indexOf(": ");
    super(message.slice(0, Math.max(at, 0)) || "training", at < 0 ? message : message.slice(at + 2), { cause: stack });
    this.original = name;
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

/** How much of what the child wrote to standard error is kept, for the case that it ends without a word. */
const KEPT_CHARACTERS = 16_384;

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
    // The parent's own options may be those of a script on its command line; NODE_OPTIONS reaches the child too.
    // Lets the runtime collect dead outputs.
    execArgv: ["--expose-gc"],
    // Ctrl-C reaches the whole group of processes; the parent decides what it means.
    detached: true,
    // Standard output belongs to the parent's one document, standard error to its one line: a dying child writes many.
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  // A child that has just ended cannot be told anything; its end is heard of elsewhere.
  const send = (order: Order<Input>): void => void (child.connected && child.send(order, () => undefined));
  const onExit = (): void => void child.kill("SIGKILL");
  process.once("exit", onExit);
  const result = awaitResult<Event, Result>(child, onEvent).finally(() => process.removeListener("exit", onExit));
  send({ kind: "start", input });
  return { result, stop: () => send({ kind: "stop" }), kill: () => void child.kill("SIGKILL") };
}

function awaitResult<Event, Result>(child: ChildProcess, onEvent: (event: Event) => void): Promise<Result> {
  let words = "";
  const listen = (piece: string): void => void (words = (words + piece).slice(-KEPT_CHARACTERS));
  child.stdout?.setEncoding("utf8").on("data", listen);
  child.stderr?.setEncoding("utf8").on("data", listen);
  return new Promise((resolve, reject) => {
    child.on("message", (answer: Answer<Event, Result>) => {
      if (answer.kind === "event") onEvent(answer.event);
      else if (answer.kind === "result") resolve(answer.result);
      else reject(new ChildError(answer.error));
    });
    child.once("error", (cause) =>
      reject(new EnvironmentError("training process", `could not be started: ${cause.message}`, { cause })),
    );
    // Once its output has been read to the end, too.
    child.once("close", (code, signal) => reject(explainEnd(code, signal, words)));
  });
}

/** Why a child ended that gave no result, as far as can be told from outside. */
function explainEnd(code: number | null, signal: string | null, words: string): EnvironmentError {
  const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
  // The system ends the largest process by SIGKILL; Node ends itself by SIGABRT or with code 134.
  const isMemory = signal === "SIGKILL" || /out of memory|bad_alloc|allocation failed/i.test(words);
  const lines = words.split("\n").filter((line) => line.trim() !== "");
  const telling = lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? "it left no message";
  const why = isMemory ? "perhaps memory ran out: try a smaller batch" : telling.trim().slice(0, 200);
  return new EnvironmentError("training process", `${how}; ${why}`, { cause: words });
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
  const send = (answer: Answer<Event, Result>, done?: () => void): void => {
    // Without a parent there is nobody to tell, and nothing to wait for.
    if (process.connected) process.send!(answer, undefined, undefined, () => done?.());
  };
  const finish = (): void => {
    if (process.connected) process.disconnect();
  };
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
      (thrown: unknown) => {
        const { name, message, stack } = thrown instanceof Error ? thrown : new Error(String(thrown));
        send({ kind: "error", error: { name, message, stack } }, finish);
      },
    );
  });
  // The parent is gone: nobody waits for the result, and nobody could stop this process.
  process.once("disconnect", () => (stopped = true));
}
