import { createMessageReader, encodeMessage } from "../../jobs/byte-message.ts";
import type { Running, RunOptions } from "../../jobs/job.ts";
import { type Call, callRemote } from "../../jobs/remote.ts";
import { EnvironmentError, errorMessage } from "../../tensor/errors.ts";
import type { EngineAnswer } from "../server-protocol.ts";

/** A job of the server's, as one row of data. */
export interface ServerJob<Input, Event, Result> {
  /** Its name there, and in errors. */
  readonly name: string;
  /** Never there: ties the row to the types of what it takes and gives. */
  readonly types?: (input: Input) => readonly [Event, Result];
}

/** Whether the server that gave the page lets it ask for something; any other host would be asked for nothing. */
export function isOffered(what: "engine" | "data" | "store"): boolean {
  return document.cookie.split("; ").includes(`residua-${what}-${location.port}=open`);
}

/** The address of a part of the engine of the server that gave the page. */
export function engineAddress(path: string): URL {
  return new URL(`api/1/${path}`, document.baseURI);
}

/** @throws {EnvironmentError} saying what the server answered in the place of a job's events */
function refuseAnswer(where: string, { status }: Response): never {
  const why =
    status === 401
      ? "is not given to this page; open the address that residua studio printed last"
      : `cannot be fetched: the server answered ${status}`;
  throw new EnvironmentError(where, why);
}

/** Reads answers to the last one. @throws {EnvironmentError} if the server is gone before it */
async function readAnswers({ body }: Response, where: string, hear: (answer: EngineAnswer) => void): Promise<void> {
  const read = createMessageReader(where);
  const reader = body!.getReader();
  let last: EngineAnswer["kind"] = "started";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    for (const answer of read(value) as readonly EngineAnswer[]) {
      last = answer.kind;
      hear(answer);
    }
  }
  if (last !== "result" && last !== "error") throw new TypeError("the answer ends in the middle");
}

/** Whether it was this page that ended the request. */
const isAborted = (thrown: unknown): boolean => thrown instanceof DOMException && thrown.name === "AbortError";

/** What asks for a job's answers. */
interface Request extends RequestInit {
  readonly address: URL;
}

/** Options of a job on the server. */
interface ServerOptions<Event> extends RunOptions<Event> {
  /** Told the job's id once it has started. */
  readonly onStart?: (id: string) => void;
}

/** A job of the server's under way, in the place of {@link Call}'s line. */
function openLine<Input, Event, Result>(
  name: string,
  ask: (input: Input) => Request,
  input: Input,
  options: ServerOptions<Event>,
): Call<Event, Result> {
  const abort = new AbortController();
  let learn: (id: string) => void = () => undefined;
  const id = new Promise<string>((resolve) => (learn = resolve));
  let isOver = false;
  const stop = async (): Promise<void> => {
    const known = await id;
    if (!isOver) await stopOnServer(known);
  };
  /** Ends the job, which may go on without its page; of one that has not started yet, the server gets no more. */
  const end = async (): Promise<void> => {
    abort.abort();
    await forgetOnServer(await id);
  };
  const follow = async (): Promise<void> => {
    const { address, ...request } = ask(input);
    const response = await fetch(address, { ...request, signal: abort.signal });
    if (response.headers.get("Content-Type") !== octets["Content-Type"]) refuseAnswer(address.href, response);
    await readAnswers(response, address.href, (answer) => {
      if (answer.kind === "started") {
        learn(answer.id);
        if (!abort.signal.aborted) options.onStart?.(answer.id);
      } else call.receive(answer as Parameters<typeof call.receive>[0]);
    });
  };
  const start = (): void =>
    void follow()
      .catch((thrown: unknown) => {
        const isOwn = thrown instanceof EnvironmentError || isAborted(thrown);
        call.fail(isOwn ? thrown : lost(name, thrown));
      })
      .finally(() => (isOver = true));
  const call = callRemote<Input, Event, Result>(
    name,
    input,
    {
      send: (order) => (order.kind === "start" ? start() : void stop()),
      kill: () => {
        call.fail(new EnvironmentError(name, "was ended, as asked"));
        void end();
      },
    },
    options,
  );
  return call;
}

const octets = { "Content-Type": "application/octet-stream" };

/** Asks a job to end after its current step. If the server is gone, the job is as well, and says so. */
export async function stopOnServer(id: string): Promise<void> {
  await fetch(engineAddress(`running/${id}/stop`), { method: "POST" }).catch(() => undefined);
}

/** Ends a job at once, and forgets what came out. */
export async function forgetOnServer(id: string): Promise<void> {
  await fetch(engineAddress(`running/${id}`), { method: "DELETE" }).catch(() => undefined);
}

/** What is said when the server cannot be reached, or no longer. */
function lost(name: string, cause: unknown): EnvironmentError {
  const why = "start it again once `residua studio` runs, or choose the page as the engine";
  return new EnvironmentError(name, `the server is gone (${errorMessage(cause)}); ${why}`, { cause });
}

/** Runs a job on the server that gave the page; what ends with the page, the server decides. */
export function runOnServer<Input, Event, Result>(
  { name }: ServerJob<Input, Event, Result>,
  input: NoInfer<Input>,
  options: ServerOptions<NoInfer<Event>> = {},
): Running<Event, Result> {
  const address = engineAddress(`jobs/${name}`);
  const ask = (own: Input): Request => {
    const body = new Blob([...encodeMessage(own)]);
    return { address, method: "POST", body, headers: octets };
  };
  const { running, start } = openLine<Input, Event, Result>(name, ask, input, options);
  start();
  return running;
}

/** Follows a job that goes on without a page, from all that it has reported so far. */
export function followOnServer<Input, Event, Result>(
  { name }: ServerJob<Input, Event, Result>,
  id: string,
  options: ServerOptions<NoInfer<Event>> = {},
): Running<Event, Result> {
  const address = engineAddress(`running/${id}`);
  const { running, start } = openLine<undefined, Event, Result>(name, () => ({ address }), undefined, options);
  start();
  return running;
}
