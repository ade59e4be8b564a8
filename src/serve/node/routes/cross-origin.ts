import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { RequestError } from "../../protocol/request-error.ts";
import type { GateParts } from "../gate-parts.ts";

const headers = "authorization, x-api-key, content-type, content-encoding, accept, inference-header-content-length";
const SECONDS = 600;

/** Lets a page of an origin that the policy names read the answer, errors included. */
export function allowOrigin(
  { headers: { origin } }: FastifyRequest,
  reply: FastifyReply,
  { access }: Pick<GateParts, "access">,
): void {
  if (origin === undefined) return;
  reply.header("vary", "origin");
  if (!access().allowsOrigin(origin)) return;
  reply.header("access-control-allow-origin", origin);
  reply.header("access-control-expose-headers", "inference-header-content-length, retry-after");
}

/** What browsers ask before a page's request; a key is not sent with it. */
export function addCrossOrigin(gate: FastifyInstance, { access }: GateParts): void {
  gate.options("/*", async (request, reply) => {
    const { origin } = request.headers;
    if (origin === undefined || !access().allowsOrigin(origin))
      throw new RequestError(403, "Origin", "may not use this server; its policy lists pages in cors");
    return reply
      .code(204)
      .header("access-control-allow-methods", "GET, POST")
      .header("access-control-allow-headers", headers)
      .header("access-control-max-age", SECONDS)
      .send();
  });
}
