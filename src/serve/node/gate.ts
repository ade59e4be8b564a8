import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Readable } from "node:stream";
import type { TLSSocket } from "node:tls";
import { RequestError } from "../protocol/request-error.ts";
import { receiveBody } from "./body.ts";
import { type GateParts, type ModelParams, sendError } from "./gate-parts.ts";
import type { Asking } from "./policy/access.ts";
import { keyOf } from "./policy/keys.ts";
import { admit, endVisit, noteFailure, startVisit, writeDown } from "./visit.ts";
import { addCrossOrigin, allowOrigin } from "./routes/cross-origin.ts";
import { addInference } from "./routes/inference.ts";
import { addDescription, addHealth, addModels } from "./routes/metadata.ts";
import { addPrediction } from "./routes/prediction.ts";
import { addRepository } from "./routes/repository.ts";

/** The HTTP side of a server: the Open Inference Protocol, version 2, behind an access policy. */
export function createGate(parts: GateParts): FastifyInstance {
  const { limits } = parts.access().policy;
  const gate = fastify({
    bodyLimit: limits.bodyBytes,
    routerOptions: { maxParamLength: 256 },
    exposeHeadRoutes: false,
    // Every request has its own way to say where it comes from.
    trustProxy: false,
    frameworkErrors: (_error, _request, reply) => {
      sendError(reply, new RequestError(400, "path", "is no valid address, or has too long a name in it"));
    },
  });
  gate.removeAllContentTypeParsers();
  gate.addContentTypeParser("*", (request: FastifyRequest, payload: Readable) => receive(request, payload, parts));
  gate.decorateRequest("visit");
  gate.addHook("onRequest", (request, reply, done) => {
    try {
      enter(request, reply, parts);
    } catch (error) {
      return done(error as Error);
    }
    done();
  });
  gate.addHook("onSend", (request, reply, payload, done) => {
    if (parts.stage() === "closing") reply.header("connection", "close");
    request.visit.bytesOut = typeof payload === "string" || Buffer.isBuffer(payload) ? payload.length : 0;
    done(null, payload);
  });
  gate.addHook("onResponse", (request, reply, done) => {
    leave(request, reply, parts);
    done();
  });
  gate.setErrorHandler((error, request, reply) => {
    noteFailure(parts, request.visit, error);
    return sendError(reply, error);
  });
  gate.setNotFoundHandler((request, reply) =>
    sendError(reply, new RequestError(404, "path", `${request.method} ${pathOf(request)} is not served here`)),
  );
  addHealth(gate, parts);
  addModels(gate, parts);
  addDescription(gate, parts);
  addInference(gate, parts);
  addPrediction(gate, parts);
  addCrossOrigin(gate, parts);
  addRepository(gate, parts);
  return gate;
}

const pathOf = ({ url }: FastifyRequest): string => url.split("?")[0].slice(0, 200);

function askingOf({ raw, headers }: FastifyRequest): Asking {
  const { socket } = raw;
  const tls = socket as Partial<TLSSocket>;
  const subject = tls.authorized === true ? tls.getPeerCertificate?.().subject?.CN : undefined;
  const forwarded = headers["x-forwarded-for"];
  return {
    peer: socket.remoteAddress,
    forwarded: Array.isArray(forwarded) ? forwarded.join(",") : forwarded,
    host: headers.host,
    origin: headers.origin,
    key: keyOf(headers),
    certificate: Array.isArray(subject) ? subject[0] : subject,
  };
}

function enter(request: FastifyRequest, reply: FastifyReply, parts: GateParts): void {
  const visit = startVisit(parts);
  request.visit = visit;
  // Also for a client that went while its request, complete, was unpacked or waited.
  reply.raw.once("close", () => endVisit(visit));
  allowOrigin(request, reply, parts);
  const { verb } = request.routeOptions.config;
  // Whether the server lives is told to everybody who may connect.
  if (verb === undefined && !request.is404) return;
  const { name, version } = request.params as Partial<ModelParams>;
  const model = name === undefined ? undefined : { name, ...(version !== undefined && { version }) };
  admit(parts, visit, { asking: askingOf(request), verb, model });
}

async function receive(request: FastifyRequest, payload: Readable, { access }: GateParts): Promise<Buffer> {
  const { headers, visit } = request;
  const encoding = headers["content-encoding"]?.toLowerCase();
  const how = { length: headers["content-length"], encoding };
  const body = await receiveBody(payload, how, access().policy.limits, visit.share);
  visit.bytesIn = body.length;
  return body;
}

const byStatus = new Map<number, { readonly status: string }>();

function labelsOf(status: number): { readonly status: string } {
  const known = byStatus.get(status);
  if (known !== undefined) return known;
  const labels = { status: String(status) };
  byStatus.set(status, labels);
  return labels;
}

function leave(request: FastifyRequest, { statusCode, elapsedTime }: FastifyReply, parts: GateParts): void {
  const { visit, method } = request;
  endVisit(visit);
  parts.metrics.count("residua_http_requests_total", labelsOf(statusCode));
  parts.metrics.observe("residua_http_request_seconds", elapsedTime / 1000);
  if (request.routeOptions.config.verb === undefined && statusCode < 400) return;
  writeDown(parts, visit, {
    peer: request.raw.socket.remoteAddress,
    method,
    path: pathOf(request),
    model: (request.params as Partial<ModelParams> | undefined)?.name,
    status: statusCode,
    milliseconds: elapsedTime,
  });
}
