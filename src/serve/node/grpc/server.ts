import {
  createSecureServer,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { ClosableServer, ServerSetting } from "../listeners.ts";

/** Calls that one connection may have under way. */
const STREAMS = 64;
/** Milliseconds without a call after which a connection is closed. */
const IDLE = 65_000;

/** A server of HTTP/2 alone, for gRPC. */
export function createGrpcServer({
  secure,
  limits,
  fail,
  answer,
}: ServerSetting & {
  readonly answer: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;
}): ClosableServer {
  const options = {
    settings: { maxConcurrentStreams: STREAMS, maxHeaderListSize: limits.headerBytes, enablePush: false },
    unknownProtocolTimeout: limits.headersTimeoutMs,
  };
  const server = secure === undefined ? createServer(options) : createSecureServer({ ...options, ...secure });
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session: ServerHttp2Session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    session.on("error", () => undefined);
    session.on("frameError", () => undefined);
    // Whoever asks for nothing is closed.
    const refuse = (): void => session.destroy();
    session.setTimeout(limits.headersTimeoutMs, refuse);
    session.once("stream", () => {
      session.off("timeout", refuse);
      session.setTimeout(IDLE, () => {
        session.close();
        setTimeout(() => session.destroy(), limits.requestTimeoutMs).unref();
      });
    });
  });
  server.on("sessionError", () => fail("http2"));
  server.on("unknownProtocol", () => fail("http2"));
  server.on("stream", answer);
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const session of sessions) session.close();
    });
  return { server, close };
}
