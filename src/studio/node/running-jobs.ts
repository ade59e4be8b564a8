import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { EnvironmentError } from "../../tensor/errors.ts";
import { mostJobBytes } from "../train-job.ts";
import type { CheckedJob, StartedJob } from "./served-job.ts";

/** What the server computes at once, and how long it waits. */
export interface EngineLimits {
  /** Each may hold one of the six connections that a browser has to a server: some are left to stop them. */
  readonly jobs: number;
  /** Each has a process of its own. */
  readonly networks: number;
  /** Of the inputs of all jobs together, from before they are read until the jobs have ended. */
  readonly bytes: number;
  /** After which a job that says nothing is ended. */
  readonly silentMilliseconds: number;
  /** What a job has to end after its current step once the server ends. */
  readonly stopMilliseconds: number;
}

const engineLimits: EngineLimits = {
  jobs: 4,
  networks: 8,
  bytes: 2 * mostJobBytes,
  silentMilliseconds: 600_000,
  stopMilliseconds: 5000,
};

/** A job that was let in. */
export interface RunningJob extends StartedJob {
  readonly id: string;
}

/** Room for a job whose input is still to come. */
export interface JobPlace {
  /**
   * Starts the job, which has the place until it ends.
   *
   * @throws {EnvironmentError} if it has too many networks
   */
  start(job: CheckedJob, onEvent: (event: unknown) => void): RunningJob;
  /** Gives the room back, unless the job was started. */
  leave(): void;
}

/** The jobs of a server. */
export interface RunningJobs {
  /**
   * Keeps room for a job.
   *
   * @param name of the job
   * @param bytes of its input
   * @throws {EnvironmentError} if there are too many jobs, or their inputs would have too many bytes
   */
  reserve(name: string, bytes: number): JobPlace;
  /** Asks a job to end after its current step, if there is one of this id. */
  stop(id: string): void;
  /** Ends all of them, after their current steps if those are short, and waits for what they still write. */
  endAll(): Promise<void>;
}

/** The room that one job takes. */
interface Taken {
  readonly bytes: number;
  readonly networks: number;
}

/** Whole megabytes of which that many bytes are at most. */
const megabytes = (bytes: number): number => Math.ceil(bytes / 1e6);

/** Keeps a server's jobs within limits. */
export function createRunningJobs({
  jobs,
  networks,
  bytes,
  silentMilliseconds,
  stopMilliseconds,
}: EngineLimits = engineLimits): RunningJobs {
  const taken = new Map<JobPlace, Taken>();
  const running = new Map<string, RunningJob>();
  const writing = new Set<Promise<void>>();
  const sumOf = (what: keyof Taken): number => [...taken.values()].reduce((sum, own) => sum + own[what], 0);

  /** A job's id, and its end if it says nothing for too long. */
  const watch = (checked: CheckedJob, name: string, onEvent: (event: unknown) => void): RunningJob => {
    const id = randomUUID();
    let fail: (error: Error) => void = () => undefined;
    const silence = new Promise<never>((_, reject) => (fail = reject));
    const seconds = silentMilliseconds / 1000;
    const giveUp = (): void => {
      const why = new EnvironmentError(name, `said nothing for ${seconds} seconds and was ended; start it again`);
      fail(why);
      started.kill(why);
    };
    let isOver = false;
    const started = checked.start((event) => {
      // A process that is being ended may have said more by then.
      if (isOver) return;
      timer.refresh();
      onEvent(event);
    });
    // Not before: a process that cannot be started leaves nothing to wait for.
    const timer = setTimeout(giveUp, silentMilliseconds);
    const { written, stop, kill } = started;
    if (written !== undefined) {
      writing.add(written);
      void written.finally(() => writing.delete(written));
    }
    const result = Promise.race([started.result, silence]).finally(() => {
      isOver = true;
      clearTimeout(timer);
      running.delete(id);
    });
    const job = { id, result, stop, kill };
    running.set(id, job);
    return job;
  };

  const requireRoom = (name: string, wanted: Taken): void => {
    const [busy, held] = [sumOf("networks"), sumOf("bytes")];
    if (taken.size >= jobs || busy + wanted.networks > networks)
      throw new EnvironmentError(
        name,
        `would be too much at once: the server trains already (networks: ${busy}, jobs: ${taken.size}), ` +
          `must be at most (networks: ${networks}, jobs: ${jobs}); stop one, or compute it in the page`,
      );
    if (held + wanted.bytes > bytes)
      throw new EnvironmentError(
        name,
        `would be too much at once: ${megabytes(wanted.bytes)} MB, beside ${megabytes(held)} MB that the server holds, ` +
          `must be at most ${megabytes(bytes)} MB together; stop one, or compute it in the page`,
      );
  };

  const reserve: RunningJobs["reserve"] = (name, own) => {
    requireRoom(name, { bytes: own, networks: 0 });
    let isStarted = false;
    const place: JobPlace = {
      start: (job, onEvent) => {
        taken.delete(place);
        requireRoom(name, { bytes: own, networks: job.networks });
        const started = watch(job, name, onEvent);
        isStarted = true;
        taken.set(place, { bytes: own, networks: job.networks });
        return { ...started, result: started.result.finally(() => taken.delete(place)) };
      },
      leave: () => void (isStarted || taken.delete(place)),
    };
    taken.set(place, { bytes: own, networks: 0 });
    return place;
  };

  return {
    reserve,
    stop: (id) => running.get(id)?.stop(),
    endAll: async () => {
      running.forEach(({ stop }) => stop());
      const results = [...running.values()].map(({ result }) => result);
      await Promise.race([Promise.allSettled(results), wait(stopMilliseconds, undefined, { ref: false })]);
      running.forEach(({ kill }) => kill());
      await Promise.all(writing);
    },
  };
}
