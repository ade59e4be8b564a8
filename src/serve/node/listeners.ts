import { chmod, lstat, unlink } from "node:fs/promises";
import { createServer as createHttp, type RequestListener } from "node:http";
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { createServer as createHttps } from "node:https";
import { connect, type AddressInfo, type Server as NetServer, type Socket } from "node:net";
import { Server as TlsServer } from "node:tls";
import { EnvironmentError } from "../../tensor/errors.ts";
import type { ClosableServer, ServerSetting } from "./closable-server.ts";
import { createGrpcServer } from "./grpc/server.ts";
import { answerFaults } from "./http-faults.ts";
import type { Metrics } from "./metrics.ts";
import type { Access } from "./policy/access.ts";
import type { LoadedPolicy, TlsMaterial } from "./policy/load.ts";
import type { PortListener, SocketListener } from "./policy/schema.ts";
import { startListening } from "./start-listening.ts";

/** A server that listens for one entry of a policy. */
export interface Listener {
  /** Its place in the policy. */
  readonly index: number;
  /** Such as `http://127.0.0.1:8080` or `unix:/run/residua.sock`. */
  readonly address: string;
  /** Takes a renewed certificate for connections to come. */
  readonly renew: (tls: TlsMaterial) => void;
  /** Stops listening and ends connections that are idle; resolves when all are ended. */
  readonly close: () => Promise<void>;
  /** Ends all connections. */
  readonly destroy: () => void;
}

/** What listeners share. */
export interface ListenerParts {
  readonly handle: RequestListener;
  /** Answers a call of gRPC. */
  readonly answerCall: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;
  readonly access: () => Access;
  readonly metrics: Metrics;
  readonly guard: ConnectionGuard;
}

/** Counts connections, in all and per address. */
export interface ConnectionGuard {
  /** @returns why it is not let in; undefined if it is */
  readonly enter: (socket: Socket, proxiesOnly: boolean) => string | undefined;
}

/** Lets connections in by the policy as it is when they come. */
export function createConnectionGuard(access: () => Access): ConnectionGuard {
  const perAddress = new Map<string, number>();
  let all = 0;
  return {
    enter: (socket, proxiesOnly) => {
      const { policy, network } = access();
      const { connections, connectionsPerAddress } = policy.limits;
      const { remoteAddress } = socket;
      if (remoteAddress !== undefined && !network.mayConnect(remoteAddress, proxiesOnly)) return "address";
      const address = remoteAddress ?? "";
      const own = perAddress.get(address) ?? 0;
      if (all >= connections) return "connections";
      if (remoteAddress !== undefined && own >= connectionsPerAddress) return "connectionsPerAddress";
      all++;
      perAddress.set(address, own + 1);
      socket.once("close", () => {
        all--;
        const left = perAddress.get(address)! - 1;
        if (left === 0) perAddress.delete(address);
        else perAddress.set(address, left);
      });
      return undefined;
    },
  };
}

/**
 * Listens for every entry of a policy.
 *
 * @throws {EnvironmentError} naming the address that is in use, or may not be listened on; nothing listens then
 */
export async function openListeners({ access, tls }: LoadedPolicy, parts: ListenerParts): Promise<readonly Listener[]> {
  const opened: Listener[] = [];
  try {
    for (const [index, entry] of access.policy.listen.entries())
      opened.push({ index, ...(await openListener(entry, tls.get(index), parts)) });
  } catch (error) {
    await Promise.all(opened.map(({ close }) => close()));
    throw error;
  }
  return opened;
}

async function openListener(
  entry: SocketListener | PortListener,
  tls: TlsMaterial | undefined,
  parts: ListenerParts,
): Promise<Omit<Listener, "index">> {
  const { limits } = parts.access().policy;
  const fail = (reason: string): void => parts.metrics.count("residua_connections_failed_total", { reason });
  const secure = tls === undefined ? undefined : { ...secureOptions(tls), handshakeTimeout: limits.headersTimeoutMs };
  const { server, close } =
    entry.protocol === "grpc"
      ? createGrpcServer({ secure, limits, answer: parts.answerCall, fail })
      : createHttpServer({ secure, limits, handle: parts.handle, fail });
  const sockets = new Set<Socket>();
  server.prependListener("connection", (socket: Socket) => {
    const reason = parts.guard.enter(socket, "proxiesOnly" in entry && entry.proxiesOnly);
    if (reason !== undefined) {
      parts.metrics.count("residua_connections_refused_total", { reason });
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("tlsClientError", () => fail("tls"));
  await listen(server, entry);
  const address = addressOf(server, entry);
  return {
    address,
    renew: (own) => {
      if (server instanceof TlsServer) server.setSecureContext(secureOptions(own));
    },
    close,
    destroy: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function createHttpServer({
  secure,
  limits,
  handle,
  fail,
}: ServerSetting & { readonly handle: RequestListener }): ClosableServer {
  const options = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs),
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: Math.min(1000, limits.headersTimeoutMs),
    keepAliveTimeout: 65_000,
    // Refused with a sentence by who knows the policy.
    requireHostHeader: false,
  };
  const server = secure === undefined ? createHttp(options, handle) : createHttps({ ...options, ...secure }, handle);
  server.on("checkExpectation", (_request, response) => {
    response.writeHead(417, { "content-type": "application/json", connection: "close" });
    response.end(JSON.stringify({ error: "Expect: must be 100-continue, or left out" }));
  });
  answerFaults(server, limits, fail);
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
    });
  return { server, close };
}

function secureOptions({ cert, key, ca, minVersion }: TlsMaterial): object {
  return { cert, key, minVersion, ...(ca && { ca, requestCert: true, rejectUnauthorized: false }) };
}

async function listen(server: NetServer, entry: SocketListener | PortListener): Promise<void> {
  const where = "path" in entry ? entry.path : `${entry.address}:${entry.port}`;
  if ("path" in entry) await removeDeadSocket(entry.path);
  await startListening(
    server,
    where,
    "path" in entry ? { path: entry.path } : { port: entry.port, host: entry.address },
  );
  if ("path" in entry) await chmod(entry.path, Number.parseInt(entry.mode, 8));
}

/** A socket that nobody listens on any more is left by a server that was killed. */
async function removeDeadSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw new EnvironmentError(path, "is a file, must be free for a socket");
  const isAlive = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => resolve(true)).once("error", () => resolve(false));
    probe.once("connect", () => probe.destroy());
  });
  if (isAlive) throw new EnvironmentError(path, "is in use by another program; choose another");
  await unlink(path);
}

function addressOf(server: NetServer, entry: SocketListener | PortListener): string {
  if ("path" in entry) return `unix:${entry.path}`;
  const { port } = server.address() as AddressInfo;
  const host = entry.address.includes(":") ? `[${entry.address}]` : entry.address;
  const scheme = entry.protocol === "grpc" ? "grpc" : "http";
  return `${scheme}${entry.tls === undefined ? "" : "s"}://${host}:${port}`;
}
