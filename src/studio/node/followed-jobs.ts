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

/** Jobs that have ended, and wait for a page to come back: those that ended last, results before failures. */
const MOST_ENDED = 4;

/** A job, and all that may be told of it. */
interface Held {
  readonly id: string;
  readonly memory: JobMemory | undefined;
  readonly listeners: Set<JobListener>;
  /** Ends it. Gone once it is over: what computed it may hold its input. */
  kill?: RunningJob["kill"] | undefined;
  /** The result, or why there is none. */
  last?: EngineAnswer;
}

/** An error in its words alone: where it was thrown says how the machine's folders are called. */
export function tellError(error: unknown): RemoteError {
  return { ...describeError(error), stack: undefined };
}

/** Which of those that have ended, in the order of their ends, leaves first: one without a result, else the first. */
function leastOf(ended: readonly Held[]): Held {
  return ended.find(({ last }) => last?.kind === "error") ?? ended[0];
}

/** Tells jobs to those who listen, and keeps those that go on without anyone. */
export function createFollowedJobs(): FollowedJobs {
  const jobs = new Map<string, Held>();
  /** In the order of their ends. */
  let ended: readonly Held[] = [];
  const remove = (held: Held): void => {
    jobs.delete(held.id);
    ended = ended.filter((other) => other !== held);
  };
  const leave = (held: Held, listener: JobListener): void => {
    held.listeners.delete(listener);
    if (held.memory === undefined) held.kill?.();
  };
  const conclude = (held: Held, last: EngineAnswer): void => {
    held.last = last;
    held.kill = undefined;
    for (const { hear, end } of held.listeners) {
      hear(last);
      end();
    }
    held.listeners.clear();
    // One that was forgotten is ended by that, and stays so.
    if (held.memory === undefined || !jobs.has(held.id)) return remove(held);
    ended = [...ended, held];
    if (ended.length > MOST_ENDED) remove(leastOf(ended));
  };
  return {
    start: (place, job, listener) => {
      const { memory } = job;
      const listeners = new Set([listener]);
      const { id, kill, result } = place.start(job, (event) => {
        memory?.hear(event);
        for (const { hear } of listeners) hear({ kind: "event", event });
      });
      const held: Held = { id, kill, memory, listeners };
      jobs.set(id, held);
      listener.hear({ kind: "started", id });
      result.then(
        (value) => conclude(held, { kind: "result", result: value }),
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
      const held = jobs.get(id);
      if (held === undefined) return;
      held.kill?.();
      remove(held);
    },
  };
}
