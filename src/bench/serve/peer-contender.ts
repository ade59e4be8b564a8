import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import * as ort from "onnxruntime-node";
import { stepNames } from "../../compile/step/names.ts";

// What people write in place of a server, in one process: `infer FILE SIZE THREADS` answers a body of float32 with the scores'
// bytes, `live` answers that it lives; both write their port. `loop FILE SIZE BODY` runs the network alone, without HTTP, as
// often as a line says, and answers with seconds of processor time.
const [kind, file, side, last] = process.argv.slice(2) as [string, string, string, string];

async function openNetwork(threads: number): Promise<(bytes: Buffer) => Promise<Buffer>> {
  const session = await ort.InferenceSession.create(file, { intraOpNumThreads: threads });
  const shape = [1, 3, Number(side), Number(side)];
  return async (bytes) => {
    // Aligned.
    const images = new Float32Array(new Uint8Array(bytes).buffer);
    const results = await session.run({ [stepNames.images]: new ort.Tensor("float32", images, shape) });
    const { buffer, byteOffset, byteLength } = results[stepNames.scores].data as Float32Array;
    return Buffer.from(buffer, byteOffset, byteLength);
  };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

function listen(handle: RequestListener): void {
  const server = createServer(handle);
  server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
}

async function serveNetwork(): Promise<void> {
  const run = await openNetwork(Number(last));
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const scores = await run(await readBody(request));
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": scores.length });
    response.end(scores);
  };
  listen((request, response) => void answer(request, response));
}

async function answerLines(): Promise<void> {
  const run = await openNetwork(1);
  const body = await readFile(last);
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === "") break;
    const before = process.cpuUsage();
    for (let pass = 0; pass < Number(line); pass++) await run(body);
    const { user, system } = process.cpuUsage(before);
    process.stdout.write(`${(user + system) / 1e6}\n`);
  }
}

if (kind === "loop") {
  await answerLines();
} else {
  const body = JSON.stringify({ live: true });
  if (kind === "infer") await serveNetwork();
  else
    listen((_request, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
      response.end(body);
    });
  process.stdin.resume().once("data", () => process.exit());
}
