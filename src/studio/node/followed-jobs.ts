import { describeError, type RemoteError } from "../../jobs/remote-error.ts";
import type { EngineAnswer, OngoingJob } from "../server-protocol.ts";
import type { JobPlace, RunningJob } from "./running-jobs.ts";
import type { CheckedJob, JobMemory } from "./served-job.ts";

/** A page that listens to a job. */
export interface JobListener {
  readonly hear: (answer: EngineAnswer) => void;
  /** After the last answer. */
  readonly end: () => void;
}

/** The jobs of a server, and who listens to them. */
export interface FollowedJobs {
  /**
   * Starts a job. One without a memory is ended when its listener leaves.
   *
   * @returns leaves it
   * @throws {EnvironmentError} if there is no room
   */
  start(place: JobPlace, job: CheckedJob, listener: JobListener): () => void;
  /** Listens to a job that goes on without a page, from its beginning. @returns leaves it; undefined if it is not there */
  follow(id: string, listener: JobListener): (() => void) | undefined;
  /** The jobs that go on, or have ended, without a page; the oldest first. */
  list(): readonly OngoingJob[];
  /** Ends a job at once, and forgets what came out. */
  forget(id: string): void;
}

/** Jobs that have ended, and wait for a page to come back. */
const MOST_ENDED = 4;

/** A job, and all that may be told of it. */
interface Held {
  readonly running: RunningJob;
  readonly memory: JobMemory | undefined;
  readonly listeners: Set<JobListener>;
  /** The result, or why there is none. */
  last?: EngineAnswer;
}

/** An error in its words alone: where it was thrown says how the machine's folders are called. */
export function tellError(error: unknown): RemoteError {
  return { ...describeError(error), stack: undefined };
}

/** Tells jobs to those who listen, and keeps those that go on without anyone. */
export function createFollowedJobs(): FollowedJobs {
  const jobs = new Map<string, Held>();
  const leave = (held: Held, listener: JobListener): void => {
    held.listeners.delete(listener);
    if (held.memory === undefined) held.running.kill();
  };
  const conclude = (held: Held, last: EngineAnswer): void => {
    held.last = last;
    for (const { hear, end } of held.listeners) {
      hear(last);
      end();
    }
    if (held.memory === undefined) jobs.delete(held.running.id);
    const ended = [...jobs].filter(([, job]) => job.last !== undefined);
    for (const [id] of ended.slice(0, -MOST_ENDED)) jobs.delete(id);
  };
  return {
    start: (place, job, listener) => {
      const { memory } = job;
      const listeners = new Set([listener]);
      const running = place.start(job, (event) => {
        memory?.hear(event);
        for (const { hear } of listeners) hear({ kind: "event", event });
      });
      const held: Held = { running, memory, listeners };
      jobs.set(running.id, held);
      listener.hear({ kind: "started", id: running.id });
      running.result.then(
        (result) => conclude(held, { kind: "result", result }),
        (error: unknown) => conclude(held, { kind: "error", error: tellError(error) }),
      );
      return () => leave(held, listener);
    },
    follow: (id, listener) => {
      const held = jobs.get(id);
      if (held?.memory === undefined) return undefined;
      listener.hear({ kind: "started", id });
      for (const event of held.memory.recall()) listener.hear({ kind: "event", event });
      if (held.last === undefined) held.listeners.add(listener);
      else {
        listener.hear(held.last);
        listener.end();
      }
      return () => leave(held, listener);
    },
    list: () =>
      [...jobs].flatMap(([id, { memory, last }]) =>
        memory === undefined ? [] : [{ id, isOver: last !== undefined, facts: memory.describe() }],
      ),
    forget: (id) => {
      jobs.get(id)?.running.kill();
      jobs.delete(id);
    },
  };
}
