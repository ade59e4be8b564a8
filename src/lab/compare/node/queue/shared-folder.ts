import { randomUUID } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { hasCode, toEnvironmentError } from "../../../../files/node/failure.ts";
import { makeFolder, writeFileAtomically } from "../../../../files/node.ts";
import { type Database, explained, inTransaction, runStatement } from "../../../../store/database.ts";
import { EnvironmentError } from "../../../../tensor/errors.ts";
import { LOCK } from "./attempts.ts";

/** In the shared folder: what tells it from any other folder, on whatever machine. */
const markFile = ".residua-shared";
/** A file that is being made is briefly empty. */
const [ATTEMPTS, PAUSE_MILLISECONDS] = [40, 50];
/** A worker that was seen this recently counts as alive. */
const ALIVE_MILLISECONDS = 60_000;

/** A worker as the others see it. */
export interface RegisteredWorker {
  readonly id: string;
  /** To be called more often than once a minute. */
  readonly renew: () => Promise<void>;
  readonly leave: () => Promise<void>;
}

/**
 * Checks that results can be kept in the shared folder, by writing, renaming and reading back, and that it is the folder that the
 * other workers have; then makes this worker known to them.
 *
 * @throws {EnvironmentError} if it cannot be written to, or another worker has another folder
 */
export async function joinWorkers(database: Database, shared: string): Promise<RegisteredWorker> {
  const id = randomUUID();
  await makeFolder(shared);
  await checkFolder(shared, id);
  const mark = await readMark(shared);
  const row = [id, hostname(), mark];
  const renew = async (): Promise<void> => {
    await explained(database, () =>
      runStatement(
        database,
        `insert into residua_workers (id, host, shared_mark, seen_at) values ($1, $2, $3, $4)
         on conflict (id) do update set seen_at = excluded.seen_at`,
        [...row, Date.now()],
      ),
    );
  };
  await inTransaction(database, async (transaction) => {
    await runStatement(transaction, LOCK);
    const since = Date.now() - ALIVE_MILLISECONDS;
    await runStatement(transaction, "delete from residua_workers where seen_at < $1", [since]);
    const [other] = await runStatement(
      transaction,
      "select host from residua_workers where shared_mark <> $1 order by seen_at desc limit 1",
      [mark],
    );
    if (other !== undefined)
      throw new EnvironmentError(
        shared,
        `is not the folder that the worker on ${String(other["host"])} has; give every worker the same shared folder`,
      );
    await runStatement(
      transaction,
      "insert into residua_workers (id, host, shared_mark, seen_at) values ($1, $2, $3, $4)",
      [...row, Date.now()],
    );
  });
  const leave = async (): Promise<void> => {
    await explained(database, () => runStatement(database, "delete from residua_workers where id = $1", [id]));
  };
  return { id, renew, leave };
}

/** Writes a file, renames it and reads it back. */
async function checkFolder(shared: string, id: string): Promise<void> {
  const path = join(shared, `.residua-check-${id}`);
  try {
    await writeFileAtomically(path, id);
    if ((await readFile(path, "utf8")) !== id)
      throw new EnvironmentError(shared, "gives back something else than was written; use a file system that renames");
  } catch (cause) {
    throw toEnvironmentError(shared, "cannot hold results", cause);
  } finally {
    await rm(path, { force: true }).catch(() => undefined);
  }
}

/** What the folder is marked with; the first worker marks it. */
async function readMark(shared: string): Promise<string> {
  const path = join(shared, markFile);
  await writeFile(path, randomUUID(), { flag: "wx" }).catch((error: unknown) => {
    if (!hasCode(error, "EEXIST")) throw toEnvironmentError(path, "cannot write", error);
  });
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const mark = await readFile(path, "utf8").catch((error: unknown) => {
      throw toEnvironmentError(path, "cannot read", error);
    });
    if (/^[\da-f-]{36}$/.test(mark)) return mark;
    await wait(PAUSE_MILLISECONDS);
  }
  throw new EnvironmentError(path, "is not the mark of a shared folder; remove it");
}
