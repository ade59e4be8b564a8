import { ResiduaError } from "../../../tensor/errors.ts";
import { RequestError } from "../../protocol/request-error.ts";
import { statusOf } from "../gate-parts.ts";

/** What gRPC calls a status of HTTP. @source https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const codes: Readonly<Record<number, number>> = {
  400: 3, // INVALID_ARGUMENT
  401: 16, // UNAUTHENTICATED
  403: 7, // PERMISSION_DENIED
  404: 5, // NOT_FOUND
  413: 8, // RESOURCE_EXHAUSTED
  415: 12, // UNIMPLEMENTED
  422: 9, // FAILED_PRECONDITION
  429: 8, // RESOURCE_EXHAUSTED
  499: 1, // CANCELLED
  501: 12, // UNIMPLEMENTED
  503: 14, // UNAVAILABLE
  504: 4, // DEADLINE_EXCEEDED
};
const INTERNAL = 13;

/** How a call ended, as trailers say it. */
export interface CallStatus {
  readonly "grpc-status": string;
  readonly "grpc-message"?: string;
  readonly "retry-after"?: string;
}

/** That a call succeeded. */
export const succeeded: CallStatus = { "grpc-status": "0" };

/** What a failure is told as: a code, and the sentence that HTTP has too, percent-encoded. */
export function failed(error: unknown): CallStatus {
  const status = statusOf(error);
  const isOurs = error instanceof ResiduaError || status < 500;
  const sentence = isOurs && error instanceof Error ? error.message : "the server failed; its log says why";
  const retryAfter = error instanceof RequestError ? error.retryAfter : undefined;
  return {
    "grpc-status": String(codes[status] ?? INTERNAL),
    "grpc-message": encodeURIComponent(sentence).replaceAll("%20", " "),
    ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }),
  };
}

const units: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** Milliseconds of the header `grpc-timeout`. @throws {RequestError} if it is none */
export function readTimeout(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(header) ?? [];
  if (digits === undefined) throw new RequestError(400, "grpc-timeout", "must be up to eight digits and one of HMSmun");
  return Number(digits) * units[unit];
}
