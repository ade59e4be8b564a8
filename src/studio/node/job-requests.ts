import type { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { FormatError, OptionError } from "../../tensor/errors.ts";
import type { JobPlace, RunningJobs } from "./running-jobs.ts";
import type { ServedJob } from "./served-job.ts";

/** The bytes of a body, which its request says beforehand. */
function bodyBytesOf({ headers }: FastifyRequest): number {
  return Number(headers["content-length"] ?? Number.NaN);
}

/**
 * Reads a body into as many bytes as its request says, and no more: it is held once.
 *
 * @throws {FormatError} if it ends before
 */
export async function readBody(request: FastifyRequest, payload: Readable): Promise<Buffer> {
  const body = Buffer.allocUnsafeSlow(bodyBytesOf(request));
  let at = 0;
  for await (const piece of payload) at += (piece as Buffer).copy(body, at);
  if (at < body.length) throw new FormatError("body", "ends in the middle; send it again");
  return body;
}

/** Why a request for a job is refused before its body is read, with the status to answer. */
export interface Refusal {
  readonly status: number;
  readonly error: unknown;
}

/** The room of the requests whose jobs are still to come. */
export interface Arrivals {
  /** Takes room for a request's job, and gives it back with its connection unless the job has started by then. */
  readonly admit: (request: FastifyRequest, reply: FastifyReply, job: ServedJob) => Refusal | undefined;
  readonly placeOf: (request: FastifyRequest) => JobPlace;
}

/** Lets requests for jobs in while there is room for what they say that they bring: before any of it is read. */
export function createArrivals(jobs: RunningJobs): Arrivals {
  const places = new WeakMap<FastifyRequest, JobPlace>();
  const admit: Arrivals["admit"] = (request, reply, { name, bodyBytes }) => {
    const bytes = bodyBytesOf(request);
    if (!Number.isSafeInteger(bytes))
      return {
        status: 411,
        error: new OptionError(name, "does not say how many bytes it has; send its Content-Length"),
      };
    if (bytes > bodyBytes)
      return { status: 413, error: new OptionError(name, `has ${bytes} bytes, must have at most ${bodyBytes}`) };
    try {
      const place = jobs.reserve(name, bytes);
      places.set(request, place);
      reply.raw.once("close", place.leave);
      return undefined;
    } catch (error) {
      return { status: 503, error };
    }
  };
  return { admit, placeOf: (request) => places.get(request)! };
}
