import { randomUUID } from "node:crypto";
import { EnvironmentError } from "../../tensor/errors.ts";
import type { CheckedJob, StartedJob } from "./served-job.ts";

/** What the server computes at once, and how long it waits. */
export interface EngineLimits {
  /** Each holds one of the six connections that a browser has to a server: some are left to stop them. */
  readonly jobs: number;
  /** Each has a process of its own. */
  readonly networks: number;
  /** After which a job that says nothing is ended. */
  readonly silentMilliseconds: number;
}

const engineLimits: EngineLimits = { jobs: 4, networks: 8, silentMilliseconds: 600_000 };

/** A job that was let in. */
export interface RunningJob extends StartedJob {
  readonly id: string;
}

/** The jobs of a server. */
export interface RunningJobs {
  /**
   * Starts a job.
   *
   * @throws {EnvironmentError} if there are too many
   */
  start(job: CheckedJob, name: string, onEvent: (event: unknown) => void): RunningJob;
  /** Asks a job to end after its current step, if there is one of this id. */
  stop(id: string): void;
  /** Ends all of them, and waits for what they still write. */
  killAll(): Promise<void>;
}

/** Keeps a server's jobs within limits. */
export function createRunningJobs({ jobs, networks, silentMilliseconds }: EngineLimits = engineLimits): RunningJobs {
  const running = new Map<string, StartedJob & { readonly networks: number }>();
  const writing = new Set<Promise<void>>();
  const requireRoom = (wanted: number, name: string): void => {
    const busy = [...running.values()].reduce((sum, own) => sum + own.networks, 0);
    if (running.size < jobs && busy + wanted <= networks) return;
    throw new EnvironmentError(
      name,
      `would be too much at once: the server trains already (networks: ${busy}, jobs: ${running.size}), ` +
        `must be at most (networks: ${networks}, jobs: ${jobs}); stop one, or compute it in the page`,
    );
  };
  const start: RunningJobs["start"] = (job, name, onEvent) => {
    requireRoom(job.networks, name);
    const id = randomUUID();
    let fail: (error: Error) => void = () => undefined;
    const silence = new Promise<never>((_, reject) => (fail = reject));
    const seconds = silentMilliseconds / 1000;
    const giveUp = (): void => {
      fail(new EnvironmentError(name, `said nothing for ${seconds} seconds and was ended; start it again`));
      started.kill();
    };
    let isOver = false;
    const started = job.start((event) => {
      // A process that is being ended may have said more by then.
      if (isOver) return;
      timer.refresh();
      onEvent(event);
    });
    // Not before: a process that cannot be started leaves nothing to wait for.
    const timer = setTimeout(giveUp, silentMilliseconds);
    running.set(id, { ...started, networks: job.networks });
    const { written } = started;
    if (written !== undefined) {
      writing.add(written);
      void written.finally(() => writing.delete(written));
    }
    const result = Promise.race([started.result, silence]).finally(() => {
      isOver = true;
      clearTimeout(timer);
      running.delete(id);
    });
    return { id, result, stop: started.stop, kill: started.kill };
  };
  return {
    start,
    stop: (id) => running.get(id)?.stop(),
    killAll: async () => {
      running.forEach(({ kill }) => kill());
      await Promise.all(writing);
    },
  };
}
