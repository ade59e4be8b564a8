import { EnvironmentError } from "../../tensor/errors.ts";
import type { Job, RemoteJob, RunOf, Running, RunOptions } from "../job.ts";
import { type Answer, callRemote, type Order, serveRemote } from "../remote.ts";
import { takeMessages } from "../turn.ts";

/** A job for a worker: `worker` opens one whose module calls {@link serveInWorker}. */
export type WorkerJob<Input, Event, Result> = RemoteJob<() => Worker, Input, Event, Result>;

/** The key tells Residua's messages from others, such as those of ONNX Runtime's threads. */
export interface Envelope<Message> {
  readonly residua: Message;
}

/** Runs a job in a worker of its own, and ends the worker when the job is over. The page stays responsive. */
export function runInWorker<Input, Event, Result>(
  { name, worker: open }: WorkerJob<Input, Event, Result>,
  input: NoInfer<Input>,
  options: RunOptions<NoInfer<Event>> = {},
): Running<Event, Result> {
  const worker = open();
  const lose = (detail: string): void => fail(new EnvironmentError(`${name} worker`, detail));
  const line = {
    send: (order: Order<Input>): void =>
      worker.postMessage({ residua: order } satisfies Envelope<Order<Input>>, { transfer: [] }),
    kill: () => lose("was ended, as asked"),
  };
  const { running, receive, fail, start } = callRemote<Input, Event, Result>(name, input, line, options);
  worker.addEventListener("message", ({ data }: MessageEvent<Envelope<Answer<Event, Result>> | undefined>) => {
    if (data?.residua !== undefined) receive(data.residua);
  });
  worker.addEventListener("messageerror", () => lose("said something that this page cannot read"));
  worker.addEventListener("error", ({ message }) => lose(message || "its module could not be loaded"));
  const end = (): void => worker.terminate();
  running.result.then(end, end);
  start();
  return running;
}

/** The result of a row's job. */
type ResultOf<Row> = Row extends RemoteJob<unknown, never, unknown, infer Result> ? Result : never;

/** What serving a job may need besides the job. */
export interface ServeOptions<Result> {
  /** Buffers of the result that are handed over to the page instead of copied. */
  readonly transfer?: (result: Result) => readonly ArrayBufferLike[];
}

/** The name that ONNX Runtime gives the workers that are its threads. */
const THREAD_NAME = "em-pthread";

/** Whether the worker that asks is one of ONNX Runtime's threads, to be left alone. */
export function isRuntimeThread(): boolean {
  return self.name.startsWith(THREAD_NAME);
}

/**
 * Makes the worker that calls it do the job that its page asks for. To be called once, at the top of the worker's own module.
 *
 * A thread of ONNX Runtime's is left alone: its bundled build starts its threads from the file that it was bundled into,
 * which is then the job's worker's.
 *
 * @typeParam Row the job's row, which says what the job takes and gives
 */
export function serveInWorker<Row extends WorkerJob<never, unknown, unknown>>(
  run: RunOf<Row>,
  { transfer = () => [] }: ServeOptions<ResultOf<Row>> = {},
): void {
  if (isRuntimeThread()) return;
  const { receive } = serveRemote(run as Job<unknown, unknown, unknown>["run"], {
    send: (answer) => {
      const message: Envelope<Answer<unknown, unknown>> = { residua: answer };
      const buffers = answer.kind === "result" ? transfer(answer.result as ResultOf<Row>) : [];
      globalThis.postMessage(message, { transfer: buffers as ArrayBuffer[] });
    },
    takeMessages,
  });
  globalThis.addEventListener("message", ({ data }: MessageEvent<Envelope<Order<unknown>> | undefined>) => {
    if (data?.residua !== undefined) receive(data.residua);
  });
}
