import { type ChildProcess, fork } from "node:child_process";
import { setImmediate } from "node:timers/promises";
import { builtFile } from "../../files/node.ts";
import { EnvironmentError } from "../../tensor/errors.ts";
import type { Job, RemoteJob, RunOf, Running, RunOptions } from "../job.ts";
import { type Answer, callRemote, type Order, serveRemote } from "../remote.ts";

/** A job for a process of its own: its worker is the module that calls {@link serveJob}. */
export type ChildJob<Input, Event, Result> = RemoteJob<URL, Input, Event, Result>;

/** How much of the child's standard error to keep, in case it dies silently. */
const KEPT_CHARACTERS = 16_384;

/**
 * Runs a job in a process of its own: ONNX Runtime's `run` blocks the thread that calls it, and a process must not end
 * in the middle of it. The child takes large pages, which make large outputs several times cheaper. It ends with this
 * process: at once if that exits, within five seconds if it is killed.
 */
export function runInChild<Input, Event, Result>(
  { name, worker }: ChildJob<Input, Event, Result>,
  input: NoInfer<Input>,
  options: RunOptions<NoInfer<Event>> = {},
): Running<Event, Result> {
  const child = forkWorker(worker);
  let isKilled = false;
  const line = {
    // A child that has just ended cannot receive messages; its exit is handled elsewhere.
    send: (order: Order<Input>): void => void (child.connected && child.send(order, () => undefined)),
    kill: (): void => void (isKilled = child.kill("SIGKILL") || isKilled),
  };
  const { running, receive, fail, start } = callRemote<Input, Event, Result>(name, input, line, options);
  const listening = listenTo(child);
  child.on("message", (answer: Answer<Event, Result>) => receive(answer));
  const where = `${name} process`;
  child.once("error", (cause) =>
    fail(new EnvironmentError(where, `could not be started: ${cause.message}`, { cause })),
  );
  // Once its output has been read to the end, too.
  child.once("close", (code, signal) =>
    fail(isKilled ? new EnvironmentError(where, "was ended, as asked") : explainEnd(where, code, signal, listening())),
  );
  start();
  return running;
}

/** How a process uses memory. */
export interface MemoryHabits {
  /** Settings of glibc's allocator, unless the environment has its own. */
  readonly allocator: string;
  /** Flags of V8. */
  readonly flags: readonly string[];
}

/** Large pages, which make large outputs cheaper. */
const LARGE: MemoryHabits = { allocator: "glibc.malloc.hugetlb=1", flags: [] };

const INHERITED = ["ignore", "pipe", "pipe", "ipc"] as const;
/** Names the descriptor by which a process speaks with the launcher of MPICH and its kin. */
const LAUNCHER = "PMI_FD";

/** That descriptor, which Node closes in children unless it is passed on. */
function launcherDescriptor(): number | undefined {
  const descriptor = Number(process.env[LAUNCHER] ?? Number.NaN);
  return Number.isInteger(descriptor) && descriptor > 2 ? descriptor : undefined;
}

/** Starts a module in a process of its own, which ends with this one. */
export function forkWorker(worker: URL, { allocator, flags }: MemoryHabits = LARGE): ChildProcess {
  const launcher = launcherDescriptor();
  const child = fork(worker, [String(process.pid)], {
    serialization: "advanced",
    env: {
      ...process.env,
      GLIBC_TUNABLES: process.env["GLIBC_TUNABLES"] ?? allocator,
      ...(launcher === undefined ? {} : { [LAUNCHER]: String(INHERITED.length) }),
    },
    // The parent's own options may be those of a script on its command line; NODE_OPTIONS reaches the child too.
    // Lets the runtime collect dead outputs.
    execArgv: ["--expose-gc", ...flags, "--import", builtFile(import.meta.url, "./parent-watch-start.js").href],
    // Ctrl-C reaches the whole process group; the parent decides what it means.
    detached: true,
    // Standard output belongs to the parent's one document, standard error to its one line: a dying child writes many.
    stdio: launcher === undefined ? [...INHERITED] : [...INHERITED, launcher],
  });
  const onExit = (): void => void child.kill("SIGKILL");
  const forget = (): void => void process.removeListener("exit", onExit);
  process.once("exit", onExit);
  child.once("exit", forget).once("error", forget);
  return child;
}

/** Reads what a child writes. @returns what gives its last words */
function listenTo({ stdout, stderr }: ChildProcess): () => string {
  let words = "";
  const listen = (piece: string): void => void (words = (words + piece).slice(-KEPT_CHARACTERS));
  stdout?.setEncoding("utf8").on("data", listen);
  stderr?.setEncoding("utf8").on("data", listen);
  return () => words;
}

/** Explains why a child ended without a result, as far as visible from outside. */
function explainEnd(where: string, code: number | null, signal: string | null, words: string): EnvironmentError {
  const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
  // The system ends the largest process by SIGKILL; Node ends itself by SIGABRT or with code 134.
  const isMemory = signal === "SIGKILL" || /out of memory|bad_alloc|allocation failed/i.test(words);
  const lines = words.split("\n").filter((line) => line.trim() !== "");
  const telling = lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? "it left no message";
  const why = isMemory ? "perhaps memory ran out: try a smaller batch" : telling.trim().slice(0, 200);
  return new EnvironmentError(where, `${how}; ${why}`, { cause: words });
}

/**
 * Serves a job in the child, once, then ends the process. To be called at the top of the job's worker module.
 *
 * @typeParam Row the job's row, which says what the job takes and gives
 */
export function serveJob<Row extends ChildJob<never, unknown, unknown>>(run: RunOf<Row>): void {
  const finish = (): void => {
    if (process.connected) process.disconnect();
  };
  const { receive, stop } = serveRemote(run as Job<unknown, unknown, unknown>["run"], {
    send: (answer) => {
      // Without a parent there is nobody to tell, and nothing to wait for.
      if (!process.connected) return;
      process.send!(answer, undefined, undefined, answer.kind === "event" ? () => undefined : finish);
    },
    takeMessages: () => setImmediate(),
  });
  process.on("message", (order: Order<unknown>) => receive(order));
  // The parent is gone: nobody waits for the result, and nobody could stop this process.
  process.once("disconnect", stop);
}
