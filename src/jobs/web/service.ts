import { EnvironmentError, errorMessage, OptionError } from "../../tensor/errors.ts";
import { describeError, type RemoteError, restoreError } from "../remote-error.ts";
import { type Envelope, isRuntimeThread } from "./worker.ts";

/**
 * A worker that keeps what it opened from one request to the next, such as a network, as one row of data: `worker` opens one
 * whose module calls {@link serveRequests}. Requests, events and answers must survive structured cloning.
 */
export interface WorkerService<Request, Event, Answer> {
  /** Names the service in errors. */
  readonly name: string;
  readonly worker: () => Worker;
  /** Never there: ties the row to the types of what it takes and gives. */
  readonly types?: (request: Request) => readonly [Event, Answer];
}

interface Asked<Request> {
  readonly id: number;
  readonly request: Request;
}

type Told<Event, Answer> = { readonly id: number } & (
  | { readonly kind: "event"; readonly event: Event }
  | { readonly kind: "answer"; readonly answer: Answer }
  | { readonly kind: "error"; readonly error: RemoteError }
);

/** How a request is made. */
export interface AskOptions<Event> {
  /** Hears what is reported until the answer comes. */
  readonly onEvent?: (event: Event) => void;
  /** What is handed over to the worker instead of copied. */
  readonly transfer?: readonly Transferable[];
}

/** A service that is used. */
export interface OpenService<Request, Event, Answer> {
  /**
   * Asks; requests are answered in order, one at a time. The first one opens the worker, and so does the first after one that was
   * lost. Rejects with the error of the request, or with why the worker was lost.
   */
  readonly ask: (request: Request, options?: AskOptions<Event>) => Promise<Answer>;
  /** Ends the worker; what was not answered rejects. */
  readonly close: () => void;
}

/** A request without an answer yet. */
interface Waiting<Event, Answer> {
  readonly onEvent: (event: Event) => void;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** Uses a service: nothing is started before the first request. */
export function openService<Request, Event, Answer>({
  name,
  worker: open,
}: WorkerService<Request, Event, Answer>): OpenService<Request, Event, Answer> {
  let current: Worker | undefined;
  let count = 0;
  const waiting = new Map<number, Waiting<Event, Answer>>();
  const lose = (detail: string): void => {
    current?.terminate();
    current = undefined;
    const error = new EnvironmentError(`${name} worker`, detail);
    const left = [...waiting.values()];
    waiting.clear();
    for (const { reject } of left) reject(error);
  };
  const hear = (told: Told<Event, Answer>): void => {
    const asked = waiting.get(told.id);
    if (asked === undefined) return;
    if (told.kind === "event") {
      asked.onEvent(told.event);
      return;
    }
    waiting.delete(told.id);
    if (told.kind === "answer") asked.resolve(told.answer);
    else asked.reject(restoreError(told.error));
  };
  const start = (): Worker => {
    const started = open();
    started.addEventListener("message", ({ data }: MessageEvent<Envelope<Told<Event, Answer>> | undefined>) => {
      if (data?.residua !== undefined) hear(data.residua);
    });
    started.addEventListener("messageerror", () => lose("said something that this page cannot read"));
    started.addEventListener("error", ({ message }) => lose(message || "its module could not be loaded"));
    return started;
  };
  const ask = (request: Request, { onEvent = () => undefined, transfer = [] }: AskOptions<Event> = {}) => {
    current ??= start();
    const id = count++;
    const message: Envelope<Asked<Request>> = { residua: { id, request } };
    try {
      current.postMessage(message, { transfer: [...transfer] });
    } catch (cause) {
      const why = `cannot be sent, must be plain data: ${errorMessage(cause)}`;
      return Promise.reject(new OptionError(`${name} request`, why, { cause }));
    }
    return new Promise<Answer>((resolve, reject) => waiting.set(id, { onEvent, resolve, reject }));
  };
  return { ask, close: () => lose("was ended, as asked") };
}

/** What answers a service's requests. */
type AnswerOf<Row> =
  Row extends WorkerService<infer Request, infer Event, infer Answer>
    ? {
        readonly answer: (request: Request, report: (event: Event) => void) => Promise<Answer>;
        /** Buffers of an answer that are handed over to the page instead of copied. */
        readonly transfer?: (answer: Answer) => readonly ArrayBufferLike[];
      }
    : never;

/**
 * Makes the worker that calls it answer its page's requests. To be called once, at the top of the worker's own module.
 *
 * @typeParam Row the service's row, which says what is asked and answered
 */
export function serveRequests<Row extends WorkerService<never, unknown, unknown>>(answers: AnswerOf<Row>): void {
  if (isRuntimeThread()) return;
  const { answer, transfer = () => [] } = answers as unknown as AnswerOf<WorkerService<unknown, unknown, unknown>>;
  const send = (told: Told<unknown, unknown>, buffers: readonly ArrayBufferLike[] = []): void => {
    const message: Envelope<Told<unknown, unknown>> = { residua: told };
    globalThis.postMessage(message, { transfer: buffers as ArrayBuffer[] });
  };
  const serve = async ({ id, request }: Asked<unknown>): Promise<void> => {
    try {
      const own = await answer(request, (event) => send({ id, kind: "event", event }));
      send({ id, kind: "answer", answer: own }, transfer(own));
    } catch (thrown) {
      send({ id, kind: "error", error: describeError(thrown) });
    }
  };
  let last: Promise<void> = Promise.resolve();
  globalThis.addEventListener("message", ({ data }: MessageEvent<Envelope<Asked<unknown>> | undefined>) => {
    const asked = data?.residua;
    if (asked !== undefined) last = last.then(() => serve(asked));
  });
}
