import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { randomStream } from "../../src/tensor/random.ts";

/** Where a server under attack listens. */
export interface Target {
  readonly port: number;
  /** Its port with TLS. */
  readonly tlsPort: number;
  /** An address of this machine that its policy denies. */
  readonly denied: string;
}

/** What came back on a connection of its own: a status, or nothing. */
export interface RawAnswer {
  readonly kind: string;
  readonly status: number;
  readonly text: string;
}

interface Connection {
  readonly localAddress?: string;
  /** Milliseconds between pieces. */
  readonly pause?: number;
}

/** Sends pieces on a connection of its own, and reads until it is closed. */
async function sendRaw(port: number, pieces: readonly Buffer[], { localAddress, pause }: Connection): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", ...(localAddress !== undefined && { localAddress }) });
  let text = "";
  const closed = new Promise<void>((resolve) => void socket.once("close", () => resolve()));
  socket.on("data", (piece) => (text += piece.toString("latin1")));
  socket.on("error", () => undefined);
  for (const piece of pieces) {
    if (socket.destroyed) break;
    socket.write(piece);
    if (pause !== undefined) await sleep(pause);
  }
  // The server closes; a client that waits for more than it gets is closed in the end.
  await closed;
  return text;
}

/** Begins a handshake that the server refuses. */
function sendOldTls(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectTls({ port, host: "127.0.0.1", minVersion: "TLSv1.1", maxVersion: "TLSv1.1" });
    socket.on("error", () => undefined);
    socket.once("close", () => resolve(""));
  });
}

const HEAD = "HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";

function post(headers: string, body: Buffer | string, path = "/v2/models/small/infer"): readonly Buffer[] {
  const bytes = Buffer.from(body as string);
  return [Buffer.from(`POST ${path} ${HEAD}${headers}Content-Length: ${bytes.length}\r\n\r\n`), bytes];
}

const json = (value: unknown): readonly Buffer[] => post("", JSON.stringify(value));
const text = (own: string): readonly Buffer[] => [Buffer.from(own)];
const image = (bytes: Buffer): readonly Buffer[] =>
  post("Content-Type: image/png\r\n", bytes, "/v1/models/small/predict");

const tensor = { name: "images", shape: [1, 3, 16, 16], datatype: "FP32" };
const bombs = {
  gzip: gzipSync(Buffer.alloc(80 * 2 ** 20)),
  deflate: deflateSync(Buffer.alloc(80 * 2 ** 20)),
  br: brotliCompressSync(Buffer.alloc(80 * 2 ** 20)),
};

/** The start of a PNG file that says it is 60,000 points wide and high. */
function hugePicture(): Buffer {
  const header = Buffer.alloc(25);
  header.writeUInt32BE(13, 0);
  header.write("IHDR", 4, "latin1");
  header.writeUInt32BE(60_000, 8);
  header.writeUInt32BE(60_000, 12);
  header.set([8, 2, 0, 0, 0], 16);
  return Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), header]);
}

/** Bytes in chunks of one byte each. */
function inChunks(body: Buffer): readonly Buffer[] {
  const chunks = Array.from(body, (byte) => `1\r\n${String.fromCharCode(byte)}\r\n`).join("");
  return text(`POST /v2/models/small/infer ${HEAD}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
}

/** Everything that can be wrong with a request, by name. */
const kinds: Readonly<Record<string, (noise: Buffer) => readonly Buffer[]>> = {
  noise: (noise) => [noise],
  "unknown version of HTTP": () => text("GET /v2 HTTP/9.9\r\n\r\n"),
  "unknown method": () => text(`BREW /v2 ${HEAD}\r\n`),
  "long header": () => text(`GET /v2 ${HEAD}X: ${"a".repeat(20_000)}\r\n\r\n`),
  "many headers": (noise) =>
    text(`GET /v2 ${HEAD}${Array.from(noise, (byte, at) => `X${at}: ${"b".repeat(byte)}\r\n`).join("")}\r\n`),
  "negative length": () => text(`POST /v2 ${HEAD}Content-Length: -1\r\n\r\n`),
  "two lengths": () => text(`POST /v2 ${HEAD}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`),
  "length and chunks": () => text(`POST /v2 ${HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
  "no chunk": () => text(`POST /v2/models/small/infer ${HEAD}Transfer-Encoding: chunked\r\n\r\nZZ\r\n`),
  "chunks of one byte": () => inChunks(Buffer.from("[".repeat(2000))),
  "another host": () => text("GET /v2 HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
  "no host": () => text("GET /v2 HTTP/1.1\r\nConnection: close\r\n\r\n"),
  "unknown expectation": () => text(`POST /v2 ${HEAD}Expect: miracles\r\nContent-Length: 2\r\n\r\n{}`),
  "invalid path": () => text(`GET /%ff%zz ${HEAD}\r\n`),
  "path out of the folder": () => post("", "{}", "/v2/repository/models/..%2f..%2fetc/load"),
  "no JSON": (noise) => post("", noise),
  "deep JSON": () => post("", "[".repeat(100_000)),
  "no gzip": (noise) => post("Content-Encoding: gzip\r\n", noise),
  "gzip bomb": () => post("Content-Encoding: gzip\r\n", bombs.gzip),
  "deflate bomb": () => post("Content-Encoding: deflate\r\n", bombs.deflate),
  "brotli bomb": () => post("Content-Encoding: br\r\n", bombs.br),
  "two encodings": (noise) => post("Content-Encoding: br, gzip\r\n", noise),
  "header beyond the body": (noise) => post("Inference-Header-Content-Length: 1e99\r\n", noise),
  "header that is no JSON": (noise) => post("Inference-Header-Content-Length: 100\r\n", noise),
  "raw tensor of another size": (noise) => post("Content-Type: application/octet-stream\r\n", noise),
  "shape beyond memory": () => json({ inputs: [{ ...tensor, shape: [9e15, 3, 16, 16], data: [] }] }),
  "null as an element": () => json({ inputs: [{ ...tensor, data: [[[[null]]]] }] }),
  "bytes that are not there": () => json({ inputs: [{ ...tensor, parameters: { binary_data_size: 3072 } }] }),
  "type of that name": () => json({ inputs: [{ ...tensor, datatype: "__proto__", data: [1] }] }),
  "input of that name": () => json({ inputs: [{ ...tensor, name: "__proto__", data: [1] }] }),
  "output of that name": () => json({ inputs: [], outputs: [{ name: "constructor" }] }),
  "no image": (noise) => image(noise),
  "start of an image": () => image(Buffer.from("89504e470d0a1a0a", "hex")),
  "image beyond memory": () => image(hugePicture()),
};

const names = Object.keys(kinds);
/** One in so many takes its time, and waits until it is closed. */
const SLOW = 50;

/** Sends the malformed request of this number, and waits for what comes back. */
export async function sendMalformed({ port, tlsPort, denied }: Target, index: number): Promise<RawAnswer> {
  const stream = randomStream(7, "malformed", index);
  const noise = Buffer.from(Array.from({ length: 200 }, () => stream.integer(256)));
  const answer = (kind: string, own: string): RawAnswer => ({ kind, status: Number(own.slice(9, 12)), text: own });
  if (index % SLOW === 0) {
    const drops = Array.from({ length: 40 }, (_, at) => Buffer.from(at === 0 ? "GET /v2 HTTP/1.1\r\n" : "X: y\r\n"));
    return answer("slow", await sendRaw(port, drops, { pause: 50 }));
  }
  if (index % SLOW === 1) return answer("TLS: noise", await sendRaw(tlsPort, [noise], {}));
  if (index % SLOW === 2) return answer("TLS: none", await sendRaw(tlsPort, text(`GET /v2 ${HEAD}\r\n`), {}));
  if (index % SLOW === 3) return answer("TLS: too old", await sendOldTls(tlsPort));
  if (index % SLOW === 4)
    return answer("denied address", await sendRaw(port, text(`GET /v2 ${HEAD}\r\n`), { localAddress: denied }));
  const kind = names[stream.integer(names.length)];
  return answer(kind, await sendRaw(port, kinds[kind](noise), {}));
}

/** Kinds of bad connections on which no HTTP is spoken: they are closed, and counted. */
export const withoutHttp: ReadonlySet<string> = new Set(["TLS: noise", "TLS: none", "TLS: too old", "denied address"]);
