import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { siteHeaders } from "./headers.ts";

/** What the server gives to the browser that was opened with the printed address, and to no other. */
export interface Access {
  /** The part of the printed address that lets a browser in, once. */
  readonly token: string;
  /**
   * Lets the browser in that brings the token, by a cookie that no script can read, and takes the token out of its address.
   *
   * @returns whether the request was answered
   */
  readonly admit: (request: FastifyRequest, reply: FastifyReply) => boolean;
  /** Lets the routes of a server, or a part of it, be asked by that browser's own pages alone. */
  readonly guard: (routes: FastifyInstance) => void;
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

/** Whether a page of this server asks, or no page at all: to a cookie, pages of the machine's other ports are of the same site. */
function isOwnPage({ headers: { origin, host } }: FastifyRequest): boolean {
  return origin === undefined || origin === `http://${host}`;
}

/**
 * Opens what is guarded to whom the token was given.
 *
 * @param offers tell a page's scripts what it may ask for
 */
export function createAccess(offers: readonly string[]): Access {
  const [token, secret] = [newSecret(), newSecret()];
  let isUsed = false;
  const guard = (routes: FastifyInstance): void => {
    routes.addHook("onRequest", async (request, reply) => {
      reply.headers(siteHeaders).header("Cache-Control", "no-store");
      const refuse = (status: number, text: string): FastifyReply =>
        reply.code(status).type("text/plain; charset=utf-8").send(text);
      if (!isSame(cookieOf(request), secret)) return refuse(401, "Open the address that residua studio printed.\n");
      if (!isOwnPage(request)) return refuse(403, "This answers pages of its own address alone.\n");
    });
  };
  const admit = (request: FastifyRequest, reply: FastifyReply): boolean => {
    const given = new URLSearchParams(request.url.split("?")[1]).get("token");
    if (given === null) return false;
    if (!isUsed && isSame(given, token)) {
      isUsed = true;
      const { localPort } = request.socket;
      const hints = offers.map((offer) => `residua-${offer}-${localPort}=open; SameSite=Strict; Path=/`);
      reply.header("Set-Cookie", [`${cookieName(request)}=${secret}; HttpOnly; SameSite=Strict; Path=/`, ...hints]);
    }
    reply.headers(siteHeaders).header("Cache-Control", "no-store").redirect("/", 303);
    return true;
  };
  return { token, admit, guard };
}
