import { setTimeout as wait } from "node:timers/promises";
import { type Database, explained } from "../../../../store/database.ts";
import { decodeSummary } from "../../../../store/run-row.ts";
import type { RunRow } from "../../../../store/schema.ts";
import { EnvironmentError, errorMessage } from "../../../../tensor/errors.ts";
import { curveMetrics } from "../record.ts";
import type { RunQueue, Trouble } from "./run-queue.ts";

/** How far a run is, as the store has it. */
export interface RunProgress {
  readonly status: "waiting" | "running" | "done" | "diverged";
  readonly steps: number;
  /** Of its last step; NaN before the first. */
  readonly loss: number;
  /** The machine that trains it; empty while it waits. */
  readonly host: string;
}

/** What a follower tells. */
export type FollowEvent =
  | { readonly kind: "progress"; readonly runs: ReadonlyMap<string, RunProgress> }
  | { readonly kind: "ended"; readonly key: string; readonly progress: RunProgress }
  | ({ readonly kind: "trouble"; readonly key: string } & Trouble)
  | { readonly kind: "unreachable"; readonly reason: string }
  | { readonly kind: "reached" };

const POLL_MILLISECONDS = 1_000;
/** The queue is asked about so many runs at a time, in turn. */
const MOST_ASKED = 50;

interface Following {
  readonly database: Database;
  readonly queue: Pick<RunQueue, "readTroubles">;
  /** The runs to wait for. */
  readonly keys: readonly string[];
  readonly shouldStop: () => boolean;
  readonly tell: (event: FollowEvent) => void;
}

/**
 * Waits until runs are done, wherever they are trained, or no worker can train them. While the database cannot be reached it says so
 * and goes on.
 *
 * @returns the keys of those that ended, with a result or without
 */
export async function followRuns({ database, queue, keys, shouldStop, tell }: Following): Promise<ReadonlySet<string>> {
  const ended = new Set<string>();
  const told = new Map<string, string>();
  let [isLost, turn] = [false, 0];
  while (ended.size < keys.length && !shouldStop()) {
    try {
      const left = keys.filter((key) => !ended.has(key));
      const runs = await readProgress(database, left);
      const open = left.filter((key) => !isEnd(runs.get(key)));
      const troubles = await queue.readTroubles(open.slice(turn, turn + MOST_ASKED));
      turn = turn + MOST_ASKED < open.length ? turn + MOST_ASKED : 0;
      if (isLost) tell({ kind: "reached" });
      isLost = false;
      for (const [key, progress] of runs) {
        if (!isEnd(progress)) continue;
        ended.add(key);
        tell({ kind: "ended", key, progress });
      }
      for (const [key, trouble] of troubles) {
        if (trouble.isFinal) ended.add(key);
        if (told.get(key) !== trouble.reason || trouble.isFinal) tell({ kind: "trouble", key, ...trouble });
        told.set(key, trouble.reason);
      }
      tell({ kind: "progress", runs });
    } catch (error) {
      if (!(error instanceof EnvironmentError)) throw error;
      if (!isLost) tell({ kind: "unreachable", reason: errorMessage(error) });
      isLost = true;
    }
    if (ended.size < keys.length) await wait(POLL_MILLISECONDS);
  }
  return ended;
}

const isEnd = (progress: RunProgress | undefined): boolean =>
  progress?.status === "done" || progress?.status === "diverged";

/** Whether a run is done, with a result. */
export async function hasEnded(database: Database, key: string): Promise<boolean> {
  return isEnd((await readProgress(database, [key])).get(key));
}

/** Keys per statement. */
const MOST_KEYS = 1_000;

/** How far each run is; the one that has ended counts, else the latest attempt. */
async function readProgress(database: Database, keys: readonly string[]): Promise<ReadonlyMap<string, RunProgress>> {
  const found = new Map<string, RunProgress>();
  for (let start = 0; start < keys.length; start += MOST_KEYS) {
    const rows = (await explained(database, () =>
      database.kysely
        .selectFrom("residua_runs")
        .select(["id", "config_hash", "status", "steps", "summary", "host"])
        .where("command", "=", "compare")
        .where("config_hash", "in", keys.slice(start, start + MOST_KEYS))
        .orderBy("started_at")
        .execute(),
    )) as unknown as readonly Pick<RunRow, "id" | "config_hash" | "status" | "steps" | "summary" | "host">[];
    for (const row of rows) {
      if (isEnd(found.get(row.config_hash))) continue;
      const status =
        row.status === "done" || row.status === "diverged" || row.status === "running" ? row.status : "waiting";
      const loss = decodeSummary(row.summary, row.id)[curveMetrics.loss]?.last ?? Number.NaN;
      found.set(row.config_hash, { status, steps: row.steps, loss, host: status === "waiting" ? "" : row.host });
    }
  }
  return found;
}
