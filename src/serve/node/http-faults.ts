import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { PolicyLimits } from "./policy/schema.ts";

type Fault = Error & { readonly code?: string };

/** Milliseconds that a client has to read why it is closed. */
const LINGER = 1000;
const LATE = "ERR_HTTP_REQUEST_TIMEOUT";

const faults: Readonly<Record<string, readonly [status: string, sentence: string]>> = {
  HPE_HEADER_OVERFLOW: ["431 Request Header Fields Too Large", "headers: are too long; send fewer"],
  [LATE]: ["408 Request Timeout", "request: took too long to arrive; send it faster"],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ["413 Payload Too Large", "body: its chunks have too long extensions"],
};

/**
 * Answers what is no valid HTTP with a sentence, as far as the other side still listens, and then closes.
 *
 * @param fail counts such a connection
 */
export function answerFaults(
  server: Server,
  { requestTimeoutMs }: Pick<PolicyLimits, "requestTimeoutMs">,
  fail: (reason: string) => void,
): void {
  /** The request that came last on each connection. */
  const latest = new WeakMap<Socket, IncomingMessage>();
  server.prependListener("request", (request: IncomingMessage) => void latest.set(request.socket, request));

  const answer = (error: Fault, socket: Socket): void => {
    fail(error.code ?? "http");
    if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy();
    const [status, sentence] = faults[error.code ?? ""] ?? ["400 Bad Request", "request: is not valid HTTP"];
    const body = JSON.stringify({ error: sentence });
    // Whoever does not close in return is closed.
    setTimeout(() => socket.destroy(), LINGER).unref();
    socket.end(
      `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
  };

  /**
   * Node looks at its clock before it reads what has come: when this process was held up, a request that waits to be read
   * counts as late. So what is there is read first.
   */
  const answerIfLate = (error: Fault, socket: Socket, before: IncomingMessage | undefined): void => {
    const { bytesRead } = socket;
    const wasComplete = before?.complete === true;
    setImmediate(() => {
      const request = latest.get(socket);
      if (socket.destroyed) return;
      const hasCome = request !== before || (!wasComplete && before?.complete === true);
      if (request !== undefined && hasCome) return watch(error, socket, request);
      if (socket.bytesRead > bytesRead) answerIfLate(error, socket, before);
      else answer(error, socket);
    });
  };

  /** Node does not look after a request any more that it has found late. */
  const watch = (error: Fault, socket: Socket, request: IncomingMessage): void => {
    if (request.complete) return;
    const timer = setTimeout(() => {
      if (!request.complete && !socket.destroyed) answer(error, socket);
    }, requestTimeoutMs);
    socket.once("close", () => clearTimeout(timer));
  };

  server.on("clientError", (error: Fault, socket: Socket) => {
    if (error.code === LATE) answerIfLate(error, socket, latest.get(socket));
    else answer(error, socket);
  });
}
