import { writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import {
  binaryRequest,
  networkBytes,
  samplesFor,
  serveInTest,
  smallCard,
  testFolder,
  type TestServer,
  writeFiles,
} from "../support/serving.ts";

// Requests that take their time to arrive, and a server that takes its time to read them.

async function serveSmall(limits: object): Promise<TestServer> {
  const folder = await testFolder();
  const policy = join(folder, "policy.json");
  const listen = [{ address: "127.0.0.1", port: 0 }];
  await writeFiles(folder, { "models/small.onnx": networkBytes(smallCard) });
  await writeFile(policy, JSON.stringify({ listen, network: { allow: ["127.0.0.0/8"] }, limits }));
  return serveInTest({ sources: [join(folder, "models")], policy });
}

/** Connects, and gathers what comes back. */
async function open(server: TestServer): Promise<{ readonly socket: Socket; readonly answer: () => Promise<string> }> {
  const socket = connect({ port: Number(new URL(server.url).port), host: "127.0.0.1", noDelay: true });
  let text = "";
  socket.on("data", (piece) => (text += piece.toString("latin1")));
  socket.on("error", () => undefined);
  const closed = new Promise<string>((resolve) => void socket.once("close", () => resolve(text)));
  await new Promise<void>((resolve) => void socket.once("connect", () => resolve()));
  return { socket, answer: () => closed };
}

/** Sends bytes, and holds this process up, in which the server runs too: next it looks at its clock, then at what has come. */
async function sendAndHoldUp(socket: Socket, bytes: Buffer, milliseconds: number): Promise<void> {
  await new Promise((resolve) => void setImmediate(resolve));
  socket.write(bytes);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Bytes of a good request that closes its connection. */
function goodRequest(): Buffer {
  const { body, headers } = binaryRequest({ images: samplesFor(smallCard, 1) });
  const lines = Object.entries({ ...headers, host: "localhost", connection: "close", "content-length": body.length });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.concat([Buffer.from(`POST /v2/models/small/infer HTTP/1.1\r\n${head}\r\n`), body]);
}

test("a request that had come while the server was held up is answered, not called late", async () => {
  const server = await serveSmall({ headersTimeoutMs: 300, requestTimeoutMs: 600 });
  for (let turn = 0; turn < 5; turn++) {
    const { socket, answer } = await open(server);
    // Until the server knows of the connection.
    await sleep(30);
    await sendAndHoldUp(socket, goodRequest(), 700);
    expect((await answer()).slice(0, 15)).toBe("HTTP/1.1 200 OK");
  }
  expect(server.metrics.value("residua_connections_failed_total", { reason: "ERR_HTTP_REQUEST_TIMEOUT" })).toBe(0);
});

test("the rest of a body that had come while the server was held up counts as come", async () => {
  const server = await serveSmall({ headersTimeoutMs: 300, requestTimeoutMs: 600 });
  const request = goodRequest();
  const { socket, answer } = await open(server);
  socket.write(request.subarray(0, 400));
  await sleep(100);
  await sendAndHoldUp(socket, request.subarray(400), 900);
  expect((await answer()).slice(0, 15)).toBe("HTTP/1.1 200 OK");
});

test("a body that does not end is late all the same", async () => {
  const server = await serveSmall({ headersTimeoutMs: 300, requestTimeoutMs: 600 });
  const { socket, answer } = await open(server);
  await sleep(30);
  // Its head is read after the time for heads: from then on its body has the time for requests.
  await sendAndHoldUp(socket, goodRequest().subarray(0, 400), 400);
  expect(await answer()).toContain("408 Request Timeout");
  await expect.poll(() => server.budget.used()).toBe(0);
});

test.each(["", "GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"])(
  "who never finishes a header is closed, after %j",
  async (before) => {
    const server = await serveSmall({ headersTimeoutMs: 300 });
    const { socket, answer } = await open(server);
    const drip = setInterval(() => socket.write("X-A: b\r\n"), 50);
    socket.once("close", () => clearInterval(drip));
    socket.write(`${before}GET /v2 HTTP/1.1\r\nHost: localhost\r\n`);
    const text = await answer();
    expect(text).toContain("408 Request Timeout");
    expect(text).toContain("took too long to arrive");
  },
);

test("a body in chunks of one byte is read, or refused when it is too long", async () => {
  const server = await serveSmall({ bodyBytes: 20_000 });
  const send = (bytes: Buffer): Promise<number> =>
    new Promise((resolve) => {
      const headers = { "content-type": "application/json" };
      const request = httpRequest(`${server.url}/v2/models/small/infer`, { method: "POST", headers }, (response) => {
        resolve(response.statusCode ?? 0);
        response.resume();
      });
      request.on("error", () => undefined);
      for (const byte of bytes) request.write(Buffer.of(byte));
      request.end();
    });
  expect(await send(Buffer.from("{".padEnd(5000)))).toBe(400);
  expect(await send(Buffer.alloc(60_000, 32))).toBe(413);
  expect(server.budget.used()).toBe(0);
});
