import { isIPv6 } from "node:net";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { toListeningError } from "../../serve/node/start-listening.ts";
import { createAccess } from "./access.ts";
import { giveData } from "./data-api.ts";
import type { DataFolder } from "./data-folders.ts";
import { giveEngine } from "./engine-api.ts";
import { siteHeaders } from "./headers.ts";
import { giveStore, type ServedStore } from "./store-api.ts";
import { listSite, readSiteFile, type SiteFile } from "./site.ts";

/** The studio's server. */
export interface SiteServer {
  /** Such as `http://127.0.0.1:8081/`. */
  readonly address: string;
  /** The address to open first: with a token that works once, and lets one browser use the engine and read the store. */
  readonly firstAddress: string;
  /** How many trainings go on, which its end would end. */
  readonly countTrainings: () => number;
  /** Ends it, with the connections that browsers keep open. */
  readonly close: () => Promise<void>;
}

const HOST = "127.0.0.1";
const ownNames: ReadonlySet<string> = new Set([HOST, "localhost", "[::1]"]);

/** Whether a browser asks for this machine by its own name; another's name could have been pointed here by its owner. */
function isOwnName(host: string | undefined): boolean {
  if (host === undefined) return false;
  return ownNames.has(isIPv6(host) ? `[${host}]` : host.replace(/:\d+$/, ""));
}

/** Named by their content: never changed. */
const isFixed = ({ address }: SiteFile): boolean => address.startsWith("assets/");

function answer(files: ReadonlyMap<string, SiteFile>, request: FastifyRequest, reply: FastifyReply): unknown {
  reply.headers(siteHeaders);
  const [path] = request.url.slice(1).split("?");
  const file = files.get(path === "" ? "index.html" : path);
  if (file === undefined) return reply.code(404).type("text/plain; charset=utf-8").send("There is no such file.\n");
  reply.header("ETag", file.tag).header("Cache-Control", isFixed(file) ? "max-age=31536000, immutable" : "no-cache");
  if (request.headers["if-none-match"] === file.tag) return reply.code(304).send();
  reply.type(file.type).header("Content-Length", file.bytes);
  return reply.send(readSiteFile(file));
}

/** What a server offers besides the site and its engine. */
export interface SiteOffers {
  /** Runs that the page Runs lists, and where native trainings are recorded. */
  readonly store?: ServedStore | undefined;
  /** Images that the page Train offers. */
  readonly folders?: readonly DataFolder[];
}

/**
 * Serves the studio's site to this machine alone. It offers the files of the package, to whom the printed address was given its
 * engine and a store's runs, and nothing else: a request's path is looked up among their addresses, and never becomes a path of
 * the disk.
 *
 * @param port 0 takes any
 * @throws {EnvironmentError} if the site was not built, or the port is in use
 */
export async function serveSite(port: number, { store, folders = [] }: SiteOffers = {}): Promise<SiteServer> {
  const files = new Map((await listSite()).map((file) => [file.address, file]));
  const server = fastify({ forceCloseConnections: true, bodyLimit: 1024, requestTimeout: 30_000 });
  server.addHook("onRequest", async (request, reply) => {
    if (isOwnName(request.headers.host)) return;
    return reply.code(421).type("text/plain; charset=utf-8").send("This server answers for 127.0.0.1 and localhost.\n");
  });
  const access = createAccess([
    "engine",
    ...(store === undefined ? [] : ["store"]),
    ...(folders.length === 0 ? [] : ["data"]),
  ]);
  let countTrainings = (): number => 0;
  const give = async (routes: FastifyInstance): Promise<void> => {
    access.guard(routes);
    countTrainings = giveEngine(routes, store?.record);
    if (store !== undefined) giveStore(routes, store);
    giveData(routes, folders);
  };
  server.register(give, { prefix: "/api/1" });
  server.get("/*", async (request, reply) => (access.admit(request, reply) ? reply : answer(files, request, reply)));
  try {
    const address = await server.listen({ host: HOST, port });
    const firstAddress = `${address}/?token=${access.token}`;
    return {
      address: `${address}/`,
      firstAddress,
      countTrainings: () => countTrainings(),
      close: () => server.close(),
    };
  } catch (error) {
    await server.close();
    throw toListeningError(`${HOST}:${port}`, error);
  }
}
