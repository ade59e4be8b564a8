import { expect, onTestFinished, test, vi } from "vitest";
import { encodeMessage } from "../../jobs/byte-message.ts";
import { followOnServer, runOnServer, type ServerJob } from "./server-job.ts";

const training: ServerJob<string, unknown, string> = { name: "training" };

/** A server that answers a job by `answer`, and the requests that it had. */
function standIn(answer: (signal: AbortSignal) => Promise<Response>): readonly string[] {
  const asked: string[] = [];
  vi.stubGlobal("document", { baseURI: "http://127.0.0.1:1/" });
  vi.stubGlobal("fetch", (address: URL, { method = "GET", signal }: RequestInit = {}) => {
    asked.push(`${method} ${address.pathname}`);
    return signal === undefined || signal === null
      ? Promise.resolve(new Response(undefined, { status: 204 }))
      : answer(signal);
  });
  onTestFinished(() => void vi.unstubAllGlobals());
  return asked;
}

/** Fails when it is aborted, as a request does. */
const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));

test("a job that is killed before it has started is sent no further", async () => {
  let sending: AbortSignal | undefined;
  const asked = standIn((signal) => {
    sending = signal;
    return untilAborted(signal);
  });
  const onStart = vi.fn<(id: string) => void>();
  const { result, kill } = runOnServer(training, "input", { onStart });
  kill();
  expect(sending?.aborted).toBe(true);
  await expect(result).rejects.toThrow("training: was ended, as asked");
  expect([asked, onStart.mock.calls]).toEqual([["POST /api/1/jobs/training"], []]);
});

test("one that has started is forgotten by the server, and its id is told to nobody once it is killed", async () => {
  let send: (piece: Uint8Array) => void = () => undefined;
  const body = new ReadableStream<Uint8Array>({ start: (own) => void (send = (piece) => own.enqueue(piece)) });
  const headers = { "Content-Type": "application/octet-stream" };
  const asked = standIn(async () => new Response(body, { headers }));
  const onStart = vi.fn<(id: string) => void>();
  const { result, kill } = followOnServer(training, "own", { onStart });
  kill();
  // Under way when it was killed.
  for (const piece of encodeMessage({ kind: "started", id: "own" })) send(piece);
  await expect(result).rejects.toThrow("training: was ended, as asked");
  await expect.poll(() => asked).toEqual(["GET /api/1/running/own", "DELETE /api/1/running/own"]);
  expect(onStart).not.toHaveBeenCalled();
});
