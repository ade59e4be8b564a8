import { RequestError, statusOf } from "../protocol/request-error.ts";
import { type BudgetShare, createShare } from "./budget.ts";
import type { GateParts } from "./gate-parts.ts";
import type { Asking, Caller } from "./policy/access.ts";
import type { Verb } from "./policy/schema.ts";
import type { ServedVersion } from "./served-models.ts";

/** What is known of a request while it is under way, over HTTP or gRPC. */
export interface Visit {
  readonly share: BudgetShare;
  caller: Caller | undefined;
  leave: () => void;
  /** What decided about it. */
  rule: string;
  served: ServedVersion | undefined;
  bytesIn: number;
  bytesOut: number;
}

declare module "fastify" {
  interface FastifyRequest {
    visit: Visit;
  }
  interface FastifyContextConfig {
    /** What a caller must be allowed; none for what anybody may ask that may connect. */
    verb?: Verb;
  }
}

/** A request that has just come, of which nothing is known yet. */
export function startVisit({ budget }: Pick<GateParts, "budget">): Visit {
  return {
    share: createShare(budget),
    caller: undefined,
    leave: () => undefined,
    rule: "address",
    served: undefined,
    bytesIn: 0,
    bytesOut: 0,
  };
}

/** What a request is for. */
export interface Purpose {
  readonly asking: Asking;
  /** None for what is only looked for. */
  readonly verb: Verb | undefined;
  readonly model: { readonly name: string; readonly version?: string } | undefined;
}

/**
 * Lets a request in, or refuses it, before its body is read.
 *
 * @throws {RequestError} with the reason
 */
export function admit(parts: GateParts, visit: Visit, { asking, verb, model }: Purpose): void {
  const access = parts.access();
  const caller = access.identify(asking);
  visit.caller = caller;
  visit.rule = caller.client === undefined ? "network" : "key";
  if (verb === undefined) return;
  if (parts.stage() === "starting")
    throw new RequestError(503, "server", "is starting; try again after 1 s", { retryAfter: 1 });
  const refusal = parts.refusal();
  if (refusal !== undefined)
    throw new RequestError(503, "server", "cannot write its audit log, and answers nothing until it can", {
      retryAfter: 10,
      cause: refusal,
    });
  access.authorise(caller, verb, model);
  if (verb === "infer") visit.leave = access.enter(caller);
}

/** Notes what a request failed of, for the audit log and for whoever runs the server. */
export function noteFailure(parts: GateParts, visit: Visit, error: unknown): void {
  const status = statusOf(error);
  if (error instanceof RequestError && isRefused(status)) visit.rule = error.where;
  if (status === 500) parts.onFailure(error);
}

/** Gives back all that a request held; again, it gives nothing. */
export function endVisit(visit: Visit): void {
  visit.share.release();
  visit.leave();
  visit.leave = () => undefined;
}

const isRefused = (status: number): boolean => status === 401 || status === 403 || status === 429;

/** How a request ended. */
export interface VisitEnd {
  /** The address of the connection. */
  readonly peer: string | undefined;
  readonly method: string;
  readonly path: string;
  /** The name that was asked for, if nothing was found under it. */
  readonly model: string | undefined;
  /** As HTTP says it. */
  readonly status: number;
  readonly milliseconds: number;
}

/** Writes a request into the audit log. */
export function writeDown(
  { record }: Pick<GateParts, "record">,
  { caller, served, rule, bytesIn, bytesOut }: Visit,
  { peer, method, path, model, status, milliseconds }: VisitEnd,
): void {
  record({
    time: new Date().toISOString(),
    client: caller?.client?.name ?? null,
    address: caller?.address ?? peer ?? null,
    method,
    path,
    model: served?.name ?? model?.slice(0, 128) ?? null,
    version: served?.version ?? null,
    sha256: served?.sha256 ?? null,
    decision: isRefused(status) ? "refused" : "allowed",
    rule,
    status,
    bytesIn,
    bytesOut,
    milliseconds: Math.round(milliseconds * 1000) / 1000,
  });
}
