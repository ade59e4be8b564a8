import { driverAddress, type StoreAddress } from "../../../../store/address.ts";
import { type Database, explained } from "../../../../store/database.ts";
import { loadPackage } from "../../../../tensor/missing-package.ts";

/** Jobs for runs, in a database that all machines reach. Every method throws an {EnvironmentError} if it cannot be reached. */
export interface RunQueue {
  /** Adds runs by their key; one that waits or is under way already is not added again. */
  readonly send: (runs: readonly SentRun[], lease: number) => Promise<void>;
  /** The next run that nobody has; undefined if there is none. */
  readonly take: () => Promise<QueuedJob | undefined>;
  /** Keeps a run for another lease. */
  readonly renew: (claim: Claim) => Promise<void>;
  /** Takes a run off the queue for good: done, or refused for a reason that no worker can help. */
  readonly complete: (claim: Claim, refusal?: string) => Promise<void>;
  /** Gives a run back; another try follows soon, up to {@link MOST_TRIES}. */
  readonly giveBack: (claim: Claim, reason: string) => Promise<void>;
  /** What is wrong with runs by these keys; those with which nothing is are left out. */
  readonly readTroubles: (keys: readonly string[]) => Promise<ReadonlyMap<string, Trouble>>;
  readonly close: () => Promise<void>;
}

/** Why a run is not done. */
export interface Trouble {
  readonly reason: string;
  /** Whether it will not be tried again. */
  readonly isFinal: boolean;
}

export interface SentRun {
  readonly key: string;
  readonly data: object;
}

/** A job by one of its tries: once another has begun, nothing that is said of this one counts. */
export interface Claim {
  readonly id: string;
  readonly retryCount: number;
}

/** A job as it lies in the queue: its data are whatever somebody has put there. */
export interface QueuedJob {
  readonly claim: Claim;
  readonly data: unknown;
  /** Seconds of silence after which it goes on elsewhere. */
  readonly lease: number;
}

const QUEUE = "residua-compare";
/** How often a run is tried again after its worker died or failed: a sweep on machines that come and go needs many. */
const MOST_TRIES = 30;
/** A try that failed is followed by the next after 1, 2, 4 … seconds. */
const LONGEST_PAUSE_SECONDS = 60;
/** The longest that pg-boss allows; a run that takes longer goes on from its checkpoint as the next try. */
const EXPIRE_SECONDS = 86_000;
/** How often workers look for those that are silent. */
const SUPERVISE_SECONDS = 2;
export const STANDARD_LEASE_SECONDS = 30;
/** The shortest that pg-boss allows. */
export const SHORTEST_LEASE_SECONDS = 10;

/** @throws {EnvironmentError} what to install, if pg-boss is not there; nothing has been asked of a database by then */
export async function requireQueuePackage(): Promise<void> {
  await loadPackage(() => import("pg-boss"));
}

/**
 * Opens the queue beside a run store, creating it if missing.
 *
 * @param database the store's connection, whose secrets no message may hold
 * @throws {EnvironmentError} if pg-boss is not installed, or the database cannot be reached
 */
export async function openRunQueue(
  { url }: Extract<StoreAddress, { readonly kind: "postgres" | "mysql" }>,
  database: Database,
): Promise<RunQueue> {
  const { PgBoss } = await loadPackage(() => import("pg-boss"));
  const boss = new PgBoss({
    connectionString: driverAddress(url),
    application_name: "residua",
    max: 2,
    schedule: false,
    superviseIntervalSeconds: SUPERVISE_SECONDS,
    monitorIntervalSeconds: SUPERVISE_SECONDS,
  });
  // What it does by itself, in the background, it tries again by itself.
  boss.on("error", () => undefined);
  const ask = <T>(work: () => Promise<T>): Promise<T> => explained(database, work);
  await ask(async () => {
    await boss.start();
    await boss.createQueue(QUEUE, { policy: "exclusive" });
  });
  return {
    send: (runs, lease) =>
      ask(async () => {
        for (const { key, data } of runs)
          await boss.send(QUEUE, data, {
            singletonKey: key,
            heartbeatSeconds: lease,
            retryLimit: MOST_TRIES,
            retryDelay: 1,
            retryBackoff: true,
            retryDelayMax: LONGEST_PAUSE_SECONDS,
            expireInSeconds: EXPIRE_SECONDS,
          });
      }),
    take: () =>
      ask(async () => {
        const [job] = await boss.fetch(QUEUE, { includeMetadata: true });
        if (job === undefined) return undefined;
        const { id, retryCount, data, heartbeatSeconds } = job;
        return { claim: { id, retryCount }, data, lease: heartbeatSeconds ?? STANDARD_LEASE_SECONDS };
      }),
    renew: (claim) => ask(async () => void (await boss.touch(QUEUE, claim))),
    complete: (claim, refusal) =>
      ask(async () => void (await boss.complete(QUEUE, claim, refusal === undefined ? null : { refusal }))),
    giveBack: (claim, reason) => ask(async () => void (await boss.fail(QUEUE, claim, { reason }))),
    readTroubles: (keys) => ask(() => readTroubles(boss, keys)),
    close: () => boss.stop({ graceful: false }),
  };
}

/** What is needed of pg-boss's jobs. */
interface JobFinder {
  readonly findJobs: (
    name: string,
    options: { readonly key: string },
  ) => Promise<
    readonly {
      readonly state: string;
      readonly output: object | null;
      readonly createdOn: Date;
    }[]
  >;
}

async function readTroubles(boss: JobFinder, keys: readonly string[]): Promise<ReadonlyMap<string, Trouble>> {
  const troubles = new Map<string, Trouble>();
  for (const key of keys) {
    const jobs = await boss.findJobs(QUEUE, { key });
    const last = jobs.toSorted((a, b) => Number(b.createdOn) - Number(a.createdOn))[0];
    const { refusal, reason } = (last?.output ?? {}) as { readonly refusal?: unknown; readonly reason?: unknown };
    if (last?.state === "completed" && typeof refusal === "string")
      troubles.set(key, { reason: refusal, isFinal: true });
    const words = typeof reason === "string" ? reason : "its worker fell silent";
    if (last?.state === "failed" || last?.state === "cancelled") troubles.set(key, { reason: words, isFinal: true });
    if (last?.state === "retry") troubles.set(key, { reason: words, isFinal: false });
  }
  return troubles;
}
