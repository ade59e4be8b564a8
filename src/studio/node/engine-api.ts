import { availableParallelism } from "node:os";
import { PassThrough } from "node:stream";
import type { FastifyInstance, FastifyReply } from "fastify";
import { decodeMessage, encodeMessage } from "../../jobs/byte-message.ts";
import { describeError, type RemoteError } from "../../jobs/remote-error.ts";
import { EnvironmentError } from "../../tensor/errors.ts";
import type { EngineAnswer, ServerFacts } from "../server-protocol.ts";
import type { RecordOptions } from "../../train/node/record.ts";
import { createArrivals, readBody } from "./job-requests.ts";
import { raceJob } from "./race/job.ts";
import { createRunningJobs, type EngineLimits, type JobPlace } from "./running-jobs.ts";
import type { ServedJob } from "./served-job.ts";
import { trainingJob } from "./train/job.ts";

/** A page that reads so much more slowly than a job reports has stopped reading. */
const MOST_WAITING = 256 * 1024 * 1024;

/** The status of a request that is refused: what it asks for is wrong, or there is no room for it now. */
const statusOf = (error: unknown): number => (error instanceof EnvironmentError ? 503 : 400);

const typed = (reply: FastifyReply): FastifyReply => reply.type("application/octet-stream");

/** An error in its words alone: where it was thrown says how the machine's folders are called. */
const tell = (error: unknown): RemoteError => ({ ...describeError(error), stack: undefined });

const pieceOf = (answer: EngineAnswer): Buffer => Buffer.concat(encodeMessage(answer));

/** Computes a job for as long as its page listens. */
function answerJob(served: ServedJob, body: Uint8Array, place: JobPlace, reply: FastifyReply): FastifyReply {
  const answers = new PassThrough();
  const send = (answer: EngineAnswer): void => {
    if (!answers.destroyed) answers.write(pieceOf(answer));
  };
  const job = place.start(served.check(decodeMessage(body, served.name)), (event) => {
    send({ kind: "event", event });
    if (answers.readableLength + answers.writableLength > MOST_WAITING) answers.destroy();
  });
  send({ kind: "started", id: job.id });
  // Once the last answer was read, there is nothing left to end.
  answers.once("close", job.kill);
  job.result
    .then(
      (result) => send({ kind: "result", result }),
      (error: unknown) => send({ kind: "error", error: tell(error) }),
    )
    .finally(() => answers.end());
  reply.raw.once("close", () => answers.destroy());
  return typed(reply).send(answers);
}

/**
 * Computes for the pages: `engine` says with what; `jobs/NAME` takes an input and answers with what the job reports, to its end;
 * `running/ID/stop` ends it after its current step. A job whose page is gone is ended.
 *
 * @param record how trainings are recorded; they are not if left out
 */
export function giveEngine(routes: FastifyInstance, record?: RecordOptions, limits?: EngineLimits): void {
  const servedJobs: readonly ServedJob[] = [raceJob, trainingJob(record)];
  const jobs = createRunningJobs(limits);
  routes.addHook("onClose", () => jobs.killAll());
  // No form can send this type, and other pages have to ask before they may.
  routes.removeAllContentTypeParsers();
  routes.addContentTypeParser("application/octet-stream", readBody);
  const refuse = (reply: FastifyReply, status: number, error: unknown): FastifyReply =>
    typed(reply)
      .code(status)
      .send(pieceOf({ kind: "error", error: tell(error) }));
  const arrivals = createArrivals(jobs);
  routes.get("/engine", async (): Promise<ServerFacts> => ({ threads: availableParallelism() }));
  for (const served of servedJobs)
    routes.post<{ Body: Uint8Array | undefined }>(
      `/jobs/${served.name}`,
      {
        onRequest: async (request, reply) => {
          const refusal = arrivals.admit(request, reply, served);
          return refusal === undefined ? undefined : refuse(reply, refusal.status, refusal.error);
        },
      },
      async (request, reply) => {
        const { body = new Uint8Array(0) } = request;
        try {
          return answerJob(served, body, arrivals.placeOf(request), reply);
        } catch (error) {
          return refuse(reply, statusOf(error), error);
        }
      },
    );
  routes.post<{ Params: { id: string } }>("/running/:id/stop", async ({ params: { id } }, reply) => {
    // One that has just ended needs no stop.
    jobs.stop(id);
    return reply.code(204).send();
  });
}
