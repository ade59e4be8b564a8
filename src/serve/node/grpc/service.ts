import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { TLSSocket } from "node:tls";
import { decodeMessage, encodeMessage } from "../../protocol/grpc/codec.ts";
import { type CallName, calls, isCall } from "../../protocol/grpc/messages.ts";
import { RequestError, statusOf } from "../../protocol/request-error.ts";
import { receiveBody } from "../body.ts";
import { createDeparture, type Departure } from "../departure.ts";
import type { GateParts } from "../gate-parts.ts";
import type { Asking } from "../policy/access.ts";
import { keyOf } from "../policy/keys.ts";
import { admit, endVisit, noteFailure, startVisit, type Visit, writeDown } from "../visit.ts";
import { frame, modelOf, rows, unframe } from "./calls.ts";
import { type CallStatus, failed, readTimeout, succeeded } from "./status.ts";

const START = "/inference.GRPCInferenceService/";
const TYPE = "application/grpc";
/** Milliseconds that a client has to read why its call was refused. */
const LINGER = 1000;
/** Bytes of a frame's head. */
const HEAD = 5;

/**
 * Answers the calls of the Open Inference Protocol's gRPC service, one message each way. Every byte is counted against the
 * server's budget while it arrives, and a caller is known before its message is read: so the policy holds as it does for HTTP.
 */
export function answerCall(parts: GateParts, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  const begun = performance.now();
  const visit = startVisit(parts);
  const socket = stream.session?.socket as Partial<TLSSocket> | undefined;
  const peer = socket?.remoteAddress;
  const path = (headers[":path"] ?? "").slice(0, 200);
  const asked: { model?: string } = {};
  const { departure, go } = createDeparture();
  stream.on("error", () => undefined);
  stream.once("close", () => {
    go();
    endVisit(visit);
  });
  const end = (status: CallStatus, http: number, message?: Buffer): void => {
    parts.metrics.count("residua_grpc_requests_total", { code: status["grpc-status"] });
    visit.bytesOut = message?.length ?? 0;
    send(stream, status, message);
    const milliseconds = performance.now() - begun;
    if (http === 200 && isPublic(path)) return;
    writeDown(parts, visit, { peer, method: "gRPC", path, model: asked.model, status: http, milliseconds });
  };
  const call = { parts, stream, headers, visit, asked, departure };
  answer(call, askingOf(headers, socket)).then(
    (bytes) => end(succeeded, 200, bytes),
    (error: unknown) => {
      noteFailure(parts, visit, error);
      end(failed(error), statusOf(error));
    },
  );
}

interface CallPlace {
  readonly parts: GateParts;
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly visit: Visit;
  readonly asked: { model?: string };
  readonly departure: Departure;
}

const callOf = (path: string): string => (path.startsWith(START) ? path.slice(START.length) : "");

/** Whether anybody may ask for it that may connect. */
function isPublic(path: string): boolean {
  const name = callOf(path);
  return isCall(name) && rows[name].verb === undefined;
}

function requireCall(headers: IncomingHttpHeaders): CallName {
  const name = callOf(headers[":path"] ?? "");
  if (headers[":method"] !== "POST" || headers["content-type"]?.startsWith(TYPE) !== true)
    throw new RequestError(415, "content-type", `must be ${TYPE}, sent by POST`);
  if (!isCall(name)) throw new RequestError(501, "path", `is no call of ${START.slice(1, -1)} that is answered here`);
  return name;
}

async function answer({ parts, stream, headers, visit, asked, departure }: CallPlace, asking: Asking): Promise<Buffer> {
  const { limits } = parts.access().policy;
  const name = requireCall(headers);
  const { verb, model: fields, answer: respond } = rows[name];
  const { request, answer: shape } = calls[name];
  // A caller is known before a byte of its message is read …
  if (verb !== undefined) admit(parts, visit, { asking, verb: undefined, model: undefined });
  const timeout = readTimeout(headers["grpc-timeout"] as string | undefined);
  const framed = { ...limits, bodyBytes: limits.bodyBytes + HEAD };
  // In all, however slowly it comes.
  const late = setTimeout(() => stream.destroy(), limits.requestTimeoutMs);
  stream.once("close", () => clearTimeout(late));
  const body = await receiveBody(stream, { length: undefined, encoding: undefined }, framed, visit.share);
  clearTimeout(late);
  visit.bytesIn = body.length;
  const message = decodeMessage(request, unframe(body), "message");
  const model = fields === undefined ? undefined : modelOf(message, fields);
  if (model !== undefined) asked.model = model.name;
  // … and whether it may ask for the model that the message names is decided then.
  if (verb !== undefined) admit(parts, visit, { asking, verb, model });
  return frame(encodeMessage(shape, await respond(parts, { message, bytes: body.length, visit, departure, timeout })));
}

function askingOf(headers: IncomingHttpHeaders, socket: Partial<TLSSocket> | undefined): Asking {
  const subject = socket?.authorized === true ? socket.getPeerCertificate?.().subject?.CN : undefined;
  const forwarded = headers["x-forwarded-for"];
  const authority = headers[":authority"];
  return {
    peer: socket?.remoteAddress,
    forwarded: Array.isArray(forwarded) ? forwarded.join(",") : forwarded,
    host: typeof authority === "string" ? authority : headers.host,
    origin: headers.origin,
    key: keyOf(headers),
    certificate: Array.isArray(subject) ? subject[0] : subject,
  };
}

function send(stream: ServerHttp2Stream, status: CallStatus, message: Buffer | undefined): void {
  if (stream.destroyed || stream.closed) return;
  const head = { ":status": 200, "content-type": TYPE };
  if (message === undefined) {
    stream.respond({ ...head, ...status }, { endStream: true });
    // Nobody reads the rest of a message that was refused.
    if (stream.readableEnded) return;
    stream.close(constants.NGHTTP2_NO_ERROR);
    setTimeout(() => stream.destroy(), LINGER).unref();
    return;
  }
  stream.respond(head, { waitForTrailers: true });
  stream.once("wantTrailers", () => stream.sendTrailers({ ...status }));
  stream.end(message);
}
