import { toEnvironmentError } from "../../files/node.ts";
import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type DatabaseConnection, type Dialect, type Driver, SqliteDialect, SqliteDriver } from "kysely";
import { EnvironmentError } from "../../tensor/errors.ts";
import { loadPackage } from "../../tensor/missing-package.ts";
import type { Backend } from "../backend.ts";
import type { DatabaseOptions } from "../database.ts";
import { onConflictReplace } from "../on-conflict.ts";
import { prepareChecked } from "./checked-text.ts";

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

type SqliteOptions = Required<DatabaseOptions>;

/**
 * An SQLite file through libsql. Several processes may write at once: readers never wait (write-ahead log), writers
 * queue.
 *
 * @param options how long to wait for others before giving up, and whether the file may be another program's
 */
export function sqliteBackend(path: string, options: SqliteOptions): Backend {
  return {
    kind: "sqlite",
    description: path,
    createDialect: () => createDialect(path, options),
    quote,
    parameter: () => "?",
    mostParameters: 30_000,
    textType: "text",
    keyType: "text",
    replaceClause: onConflictReplace(quote),
    transactionalSchema: true,
  };
}

/** The library has no code for what stands in its way here, only a line of its own. */
function openDatabase<T>(open: () => T, path: string): T {
  try {
    return open();
  } catch (cause) {
    throw new EnvironmentError(path, "the file cannot be opened", { cause });
  }
}

async function createDialect(path: string, { busyMilliseconds, foreign }: SqliteOptions): Promise<Dialect> {
  // Loaded only here, since no command should wait for a native library that it does not use.
  const { default: Database } = await loadPackage(() => import("libsql"));
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (cause) {
    throw toEnvironmentError(dirname(path), "cannot make the folder", cause);
  }
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new EnvironmentError(path, "is a folder, must be an SQLite file");
  const database = openDatabase(() => new Database(path, { timeout: busyMilliseconds }), path);
  try {
    // What was committed survives the process; a power cut may take the last commits, never the file.
    if (!foreign) database.exec("pragma journal_mode = wal; pragma synchronous = normal;");
  } catch (error) {
    database.close();
    throw error;
  }
  const config = {
    database: {
      prepare: (sql: string) =>
        prepareChecked(adaptStatement(sql, database.inTransaction), (own) => database.prepare(own), path) as never,
      close: () => void database.close(),
    },
  };
  return new (class extends SqliteDialect {
    override createDriver(): Driver {
      return new TurnTakingDriver(config, resolve(path));
    }
  })(config);
}

/**
 * A transaction that begins by reading and then writes is refused if another wrote in between; one that begins as a
 * writer waits for its turn. A full disk ends a transaction by itself, and there is nothing to take back.
 */
function adaptStatement(sql: string, inTransaction: boolean): string {
  if (sql === "begin") return "begin immediate";
  return sql === "rollback" && !inTransaction ? "select 1 where 0" : sql;
}

/** The current turn on a file, by path; resolves when it ends. */
const turns = new Map<string, Promise<void>>();

/**
 * Lets the connections of this process to one file take turns. SQLite would let one wait by blocking the thread, on
 * which the other could never end.
 */
class TurnTakingDriver extends SqliteDriver {
  readonly #path: string;
  #end: () => void = () => undefined;

  constructor(config: ConstructorParameters<typeof SqliteDriver>[0], path: string) {
    super(config);
    this.#path = path;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    const before = turns.get(this.#path);
    let end: () => void = () => undefined;
    turns.set(this.#path, new Promise((done) => (end = done)));
    await before;
    this.#end = end;
    return super.acquireConnection();
  }

  override async releaseConnection(): Promise<void> {
    await super.releaseConnection();
    this.#end();
  }
}
