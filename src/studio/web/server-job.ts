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

/** A job of the server's under way, in the place of {@link Call}'s line. */
function openLine<Input, Event, Result>(name: string, input: Input, options: RunOptions<Event>): Call<Event, Result> {
  const address = engineAddress(`jobs/${name}`);
  const abort = new AbortController();
  let learn: (id: string) => void = () => undefined;
  const id = new Promise<string>((resolve) => (learn = resolve));
  let isOver = false;
  const stop = async (): Promise<void> => {
    const own = engineAddress(`running/${await id}/stop`);
    if (isOver) return;
    // If the server is gone, the job is as well, and says so.
    await fetch(own, { method: "POST" }).catch(() => undefined);
  };
  const follow = async (): Promise<void> => {
    const request = { method: "POST", body: new Blob([...encodeMessage(input)]), signal: abort.signal };
    const headers = { "Content-Type": "application/octet-stream" };
    const response = await fetch(address, { ...request, headers });
    if (response.headers.get("Content-Type") !== headers["Content-Type"]) refuseAnswer(address.href, response);
    await readAnswers(response, address.href, (answer) => {
      if (answer.kind === "started") learn(answer.id);
      else call.receive(answer as Parameters<typeof call.receive>[0]);
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
        abort.abort();
      },
    },
    options,
  );
  return call;
}

/** What is said when the server cannot be reached, or no longer. */
function lost(name: string, cause: unknown): EnvironmentError {
  const why = "start it again once `residua studio` runs, or choose the page as the engine";
  return new EnvironmentError(name, `the server is gone (${errorMessage(cause)}); ${why}`, { cause });
}

/** Runs a job on the server that gave the page; it ends when the page is left. */
export function runOnServer<Input, Event, Result>(
  { name }: ServerJob<Input, Event, Result>,
  input: NoInfer<Input>,
  options: RunOptions<NoInfer<Event>> = {},
): Running<Event, Result> {
  const { running, start } = openLine<Input, Event, Result>(name, input, options);
  start();
  return running;
}
