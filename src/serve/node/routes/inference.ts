import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type InferRequest, readInferRequest, readRawRequest } from "../../protocol/infer-request.ts";
import { addModelRoute, bodyOf, type GateParts } from "../gate-parts.ts";
import { createDeparture, type Departure } from "../departure.ts";
import { infer } from "../infer.ts";
import type { ModelSignature } from "../../protocol/signature.ts";

const HEADER = "inference-header-content-length";

/** Inference on tensors. */
export function addInference(gate: FastifyInstance, parts: GateParts): void {
  const route = { method: "POST", path: "/infer", verb: "infer" } as const;
  addModelRoute(gate, route, async ({ name, version }, request, reply) => {
    const served = parts.models.find(name, version);
    request.visit.served = served;
    const read = readBody(request, served.signature);
    const { body, headerLength } = await infer(parts, served, {
      read,
      bytes: request.visit.bytesIn,
      departure: departureOf(reply),
    });
    if (headerLength === undefined) reply.type("application/json");
    else reply.type("application/octet-stream").header(HEADER, headerLength);
    return reply.send(Buffer.from(body.buffer, body.byteOffset, body.length));
  });
}

function readBody(request: FastifyRequest, signature: ModelSignature): InferRequest {
  const body = bodyOf(request);
  const declared = request.headers[HEADER];
  if (declared !== undefined) {
    const length = /^\d{1,15}$/.test(String(declared)) ? Number(declared) : Number.NaN;
    return readInferRequest(body, length, signature);
  }
  const isRaw = request.headers["content-type"]?.startsWith("application/octet-stream") === true;
  return isRaw ? readRawRequest(body, signature) : readInferRequest(body, undefined, signature);
}

/** Whether the client goes before it has its answer. */
export function departureOf({ raw }: FastifyReply): Departure {
  const { departure, go } = createDeparture();
  const leave = (): void => {
    if (!raw.writableEnded) go();
  };
  if (raw.destroyed) leave();
  else raw.once("close", leave);
  return departure;
}
