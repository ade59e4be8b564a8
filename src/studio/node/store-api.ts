import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { encodeJson } from "../../store/json.ts";
import { listRuns, readMetricPages, type RunStore } from "../../store/run-store.ts";
import { siteHeaders } from "./headers.ts";

/** The store's runs, given to the browser that was opened with the printed address, and to no other. */
export interface StoreAccess {
  /** The part of the printed address that lets a browser in, once. */
  readonly token: string;
  /**
   * Lets the browser in that brings the token, by a cookie that no script can read, and takes the token out of its address.
   *
   * @returns whether the request was answered
   */
  readonly admit: (request: FastifyRequest, reply: FastifyReply) => boolean;
}

const hashOf = (text: string): Buffer => createHash("sha256").update(text).digest();
const isSame = (a: string, b: string): boolean => timingSafeEqual(hashOf(a), hashOf(b));
const newSecret = (): string => randomBytes(24).toString("base64url");

/** Cookies belong to a machine, whatever the port. */
const cookieName = (request: FastifyRequest): string => `residua-studio-${request.socket.localPort}`;

function cookieOf(request: FastifyRequest): string {
  const name = `${cookieName(request)}=`;
  const found = (request.headers.cookie ?? "").split("; ").find((one) => one.startsWith(name));
  return found?.slice(name.length) ?? "";
}

/** Answers `api/1/runs` and `api/1/runs/ID/points?metric=NAME` out of a store, which is only read. */
export function giveStore(server: FastifyInstance, store: RunStore): StoreAccess {
  const [token, secret] = [newSecret(), newSecret()];
  let isUsed = false;
  const answer = async (
    request: FastifyRequest,
    reply: FastifyReply,
    body: () => Promise<string>,
  ): Promise<unknown> => {
    reply.headers(siteHeaders).header("Cache-Control", "no-store");
    if (!isSame(cookieOf(request), secret))
      return reply.code(401).type("text/plain; charset=utf-8").send("Open the address that residua studio printed.\n");
    return reply.type("application/json").send(await body());
  };
  server.get("/api/1/runs", (request, reply) =>
    answer(request, reply, async () => encodeJson({ runs: await listRuns(store) })),
  );
  server.get<{ Params: { id: string }; Querystring: { metric?: string | readonly string[] } }>(
    "/api/1/runs/:id/points",
    (request, reply) => {
      const { params, query } = request;
      // A name that is given twice is a list.
      return answer(request, reply, () => readPoints(store, params.id, String(query.metric ?? "")));
    },
  );
  const admit = (request: FastifyRequest, reply: FastifyReply): boolean => {
    const given = new URL(request.url, "http://127.0.0.1").searchParams.get("token");
    if (given === null) return false;
    if (!isUsed && isSame(given, token)) {
      isUsed = true;
      const name = cookieName(request);
      const hint = `residua-store-${request.socket.localPort}=open; SameSite=Strict; Path=/`;
      reply.header("Set-Cookie", [`${name}=${secret}; HttpOnly; SameSite=Strict; Path=/`, hint]);
    }
    reply.headers(siteHeaders).header("Cache-Control", "no-store").redirect("/", 303);
    return true;
  };
  return { token, admit };
}

async function readPoints(store: RunStore, id: string, metric: string): Promise<string> {
  const points: (readonly [number, number | null, number])[] = [];
  for await (const page of readMetricPages(store, id, metric))
    for (const { step, epoch, value } of page) points.push([step, epoch, value]);
  return encodeJson({ points });
}
