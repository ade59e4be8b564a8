import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ResiduaError } from "../../tensor/errors.ts";
import { RequestError, statusOf } from "../protocol/request-error.ts";
import type { AuditEntry } from "./audit/chain.ts";
import type { ByteBudget } from "./budget.ts";
import type { Metrics } from "./metrics.ts";
import type { Access } from "./policy/access.ts";
import type { Verb } from "./policy/schema.ts";
import type { Scheduler } from "./scheduler.ts";
import type { ServedModels } from "./served-models.ts";

/** A server listens while it loads its models, and while it finishes what is under way; it takes work in between. */
export type Stage = "starting" | "open" | "closing";

/** What the gate stands in front of. */
export interface GateParts {
  readonly models: ServedModels;
  readonly scheduler: Scheduler;
  /** The policy as it is now: it may be read again. */
  readonly access: () => Access;
  readonly budget: ByteBudget;
  readonly metrics: Metrics;
  /** Writes down what was asked and how it went. */
  readonly record: (entry: AuditEntry) => void;
  /** Told of what was answered 500. */
  readonly onFailure: (error: unknown) => void;
  /** Why nothing may be answered now, such as a full disk; undefined if all is well. */
  readonly refusal: () => Error | undefined;
  readonly version: string;
  readonly stage: () => Stage;
  /** Loads and unloads; undefined if that is not allowed. */
  readonly repository?: {
    readonly load: (name: string) => Promise<void>;
    readonly unload: (name: string) => Promise<void>;
  };
}

/** Parameters of a model's routes. */
export interface ModelParams {
  readonly name: string;
  readonly version?: string;
}

/** Answers with the protocol's form of an error. */
export function sendError(reply: FastifyReply, error: unknown): FastifyReply {
  const status = statusOf(error);
  if (error instanceof RequestError && error.retryAfter !== undefined) reply.header("retry-after", error.retryAfter);
  if (status === 401) reply.header("www-authenticate", "Bearer");
  // Nobody reads the rest of a body that was refused.
  if (!reply.request.raw.complete) reply.header("connection", "close");
  const isOurs = error instanceof ResiduaError || status < 500;
  const text = isOurs && error instanceof Error ? error.message : "the server failed; its log says why";
  return reply
    .code(status)
    .type("application/json")
    .send(JSON.stringify({ error: text }));
}

/** A route of a model. */
export interface ModelRoute {
  readonly method: "GET" | "POST";
  /** What stands before the model's name. */
  readonly start?: string;
  /** What stands behind it. */
  readonly path: string;
  readonly verb: Verb;
}

/** Adds a route for a model's newest version, and for one by its number. */
export function addModelRoute(
  gate: FastifyInstance,
  { method, start = "/v2/models", path, verb }: ModelRoute,
  handle: (params: ModelParams, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>,
): void {
  const handler = (request: FastifyRequest, reply: FastifyReply): Promise<unknown> =>
    handle(request.params as ModelParams, request, reply);
  for (const model of ["/:name", "/:name/versions/:version"])
    gate.route({ method, url: `${start}${model}${path}`, config: { verb }, handler });
}

/** The body of a request; nothing if there is none. */
export function bodyOf({ body }: FastifyRequest): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}
