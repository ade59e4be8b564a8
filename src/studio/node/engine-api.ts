import { availableParallelism } from "node:os";
import { PassThrough } from "node:stream";
import type { FastifyInstance, FastifyReply } from "fastify";
import { decodeMessage, encodeMessage } from "../../jobs/byte-message.ts";
import { EnvironmentError } from "../../tensor/errors.ts";
import type { EngineAnswer, OngoingJob, ServerFacts } from "../server-protocol.ts";
import type { RecordOptions } from "../../train/node/record.ts";
import { createFollowedJobs, type JobListener, tellError } from "./followed-jobs.ts";
import { createArrivals, readBody } from "./job-requests.ts";
import { raceJob } from "./race/job.ts";
import { createRunningJobs, type EngineLimits } from "./running-jobs.ts";
import type { ServedJob } from "./served-job.ts";
import { trainingJob } from "./train/job.ts";

/** A page that reads so much more slowly than a job reports has stopped reading. */
const MOST_WAITING = 256 * 1024 * 1024;

/** The status of a request that is refused: what it asks for is wrong, or there is no room for it now. */
const statusOf = (error: unknown): number => (error instanceof EnvironmentError ? 503 : 400);

const typed = (reply: FastifyReply): FastifyReply => reply.type("application/octet-stream");

const pieceOf = (answer: EngineAnswer): Buffer => Buffer.concat(encodeMessage(answer));

/** Answers with what a listener hears, to its end. @param listen joins it to a job, and returns what leaves that */
function answerJob(reply: FastifyReply, listen: (listener: JobListener) => () => void): FastifyReply {
  const answers = new PassThrough();
  const hear = (answer: EngineAnswer): void => {
    if (answers.destroyed) return;
    answers.write(pieceOf(answer));
    if (answers.readableLength + answers.writableLength > MOST_WAITING) answers.destroy();
  };
  // Once the last answer was read, there is nothing left to leave.
  answers.once("close", listen({ hear, end: () => answers.end() }));
  reply.raw.once("close", () => answers.destroy());
  return typed(reply).send(answers);
}

/**
 * Computes for the pages: `engine` says with what; `jobs/NAME` takes an input and answers with what the job reports, to its end;
 * `running/ID/stop` ends it after its current step. A race whose page is gone is ended. A training goes on: `running` lists those,
 * `running/ID` answers with all that one has reported and will report, and its deletion ends and forgets it.
 *
 * @param record how trainings are recorded; they are not if left out
 * @returns counts the trainings that go on
 */
export function giveEngine(routes: FastifyInstance, record?: RecordOptions, limits?: EngineLimits): () => number {
  const servedJobs: readonly ServedJob[] = [raceJob, trainingJob(record)];
  const jobs = createRunningJobs(limits);
  const followed = createFollowedJobs();
  routes.addHook("onClose", () => jobs.endAll());
  // What takes no job takes no body.
  routes.removeAllContentTypeParsers();
  const refuse = (reply: FastifyReply, status: number, error: unknown): FastifyReply =>
    typed(reply)
      .code(status)
      .send(pieceOf({ kind: "error", error: tellError(error) }));
  const arrivals = createArrivals(jobs);
  routes.get("/engine", async (): Promise<ServerFacts> => ({ threads: availableParallelism() }));
  void routes.register(async (own) => {
    // No form can send this type, and other pages have to ask before they may.
    own.addContentTypeParser("application/octet-stream", readBody);
    for (const served of servedJobs)
      own.post<{ Body: Uint8Array | undefined }>(
        `/jobs/${served.name}`,
        {
          onRequest: async (request, reply) => {
            const refusal = arrivals.admit(request, reply, served);
            return refusal === undefined ? undefined : refuse(reply, refusal.status, refusal.error);
          },
        },
        async (request, reply) => {
          // Whoever has left has left its place, too.
          if (reply.raw.destroyed) return reply.hijack();
          const { body = new Uint8Array(0) } = request;
          try {
            const job = served.check(decodeMessage(body, served.name));
            return answerJob(reply, (listener) => followed.start(arrivals.placeOf(request), job, listener));
          } catch (error) {
            return refuse(reply, statusOf(error), error);
          }
        },
      );
  });
  routes.get("/running", async (): Promise<readonly OngoingJob[]> => followed.list());
  routes.get<{ Params: { id: string } }>("/running/:id", async ({ params: { id } }, reply) => {
    const isThere = followed.list().some((job) => job.id === id);
    if (!isThere) return refuse(reply, 404, new EnvironmentError("training", "is no longer there; start it again"));
    return answerJob(reply, (listener) => followed.follow(id, listener)!);
  });
  routes.delete<{ Params: { id: string } }>("/running/:id", async ({ params: { id } }, reply) => {
    followed.forget(id);
    return reply.code(204).send();
  });
  routes.post<{ Params: { id: string } }>("/running/:id/stop", async ({ params: { id } }, reply) => {
    // One that has just ended needs no stop.
    jobs.stop(id);
    return reply.code(204).send();
  });
  return () => followed.list().filter(({ isOver }) => !isOver).length;
}
