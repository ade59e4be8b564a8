import { type Database, explained, inTransaction, runStatement } from "../../../../store/database.ts";
import type { TableSchema } from "../../../../store/schema.ts";
import { createTable } from "../../../../store/tables.ts";

/** One try at a run: whoever begins the next one takes the run away from this one. */
export interface Attempt {
  /** The run's key, which names its folder too. */
  readonly key: string;
  /** Counts from 1. */
  readonly number: number;
}

const tables = {
  residua_attempts: {
    columns: { run_key: "key", attempt: "integer", worker: "text", begun_at: "integer" },
    primaryKey: ["run_key"],
  },
  residua_workers: {
    columns: { id: "key", host: "text", shared_mark: "key", seen_at: "integer" },
    primaryKey: ["id"],
  },
} as const satisfies Readonly<Record<string, TableSchema>>;

/** Whoever changes these tables or compares their rows holds this lock, until the transaction ends. */
export const LOCK = "select pg_advisory_xact_lock(7236452)";

/**
 * How long a writer may hold a run's row: the server then ends its transaction, so that a stopped process holds up nobody for
 * longer. Recording a run's end may take 15 seconds.
 */
const HOLD_MILLISECONDS = 20_000;

/** Creates the tables that workers share, if they do not exist. */
export function prepareQueueTables(database: Database): Promise<void> {
  return inTransaction(database, async (transaction) => {
    await runStatement(transaction, LOCK);
    for (const [name, schema] of Object.entries(tables)) await createTable(transaction, name, schema);
  });
}

/** Takes a run: from now on, earlier attempts at it write nothing more. Waits for one that is just writing. */
export async function beginAttempt(database: Database, key: string, worker: string): Promise<Attempt> {
  const [row] = await explained(database, () =>
    runStatement(
      database,
      `insert into residua_attempts (run_key, attempt, worker, begun_at) values ($1, 1, $2, $3)
       on conflict (run_key) do update set attempt = residua_attempts.attempt + 1, worker = excluded.worker,
         begun_at = excluded.begun_at returning attempt`,
      [key, worker, Date.now()],
    ),
  );
  return { key, number: Number(row["attempt"]) };
}

/** Whether nobody has taken the run since. */
export async function isHeld(database: Database, { key, number }: Attempt): Promise<boolean> {
  const [row] = await explained(database, () =>
    runStatement(database, "select attempt from residua_attempts where run_key = $1", [key]),
  );
  return Number(row?.["attempt"]) === number;
}

/**
 * The fence: does some work only if nobody has taken the run since, and lets nobody take it meanwhile, because the attempt's row is
 * locked until the work is done.
 *
 * @returns whether the work was done
 * @throws {EnvironmentError} if the database cannot be reached
 */
export function whileHeld(database: Database, { key, number }: Attempt, work: () => Promise<void>): Promise<boolean> {
  return inTransaction(database, async (transaction) => {
    await runStatement(transaction, "select set_config('idle_in_transaction_session_timeout', $1, true)", [
      String(HOLD_MILLISECONDS),
    ]);
    const [row] = await runStatement(
      transaction,
      "select attempt from residua_attempts where run_key = $1 for update",
      [key],
    );
    if (Number(row?.["attempt"]) !== number) return false;
    await work();
    return true;
  });
}
