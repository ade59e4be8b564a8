import type { Kysely } from "kysely";
import { hideSecrets, secretsOf } from "../files/node/server-url.ts";
import { EnvironmentError, errorMessage, FormatError, OptionError, ResiduaError } from "../tensor/errors.ts";
import { loadPackage } from "../tensor/missing-package.ts";
import { describeAddress, type StoreAddress } from "./address.ts";
import type { Backend } from "./backend.ts";
import type { Columns } from "./schema.ts";

/** Tables by name, for Kysely; only the code that names them knows which exist. */
export type AnyTables = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** An open database, or a transaction on it. */
export interface Database {
  readonly backend: Backend;
  readonly kysely: Kysely<AnyTables>;
}

/** Options for opening a database. */
export interface DatabaseOptions {
  /** How long a statement waits for another process that writes; SQLite only. */
  readonly busyMilliseconds?: number;
  /** Whether it may hold others' tables: SQLite's journal stays as it is, and MySQL's server itself binds all values. */
  readonly foreign?: boolean;
}

const BUSY_MILLISECONDS = 10_000;

/** Loads only the database's own code, and only when one is opened: most programs open none. */
async function chooseBackend(
  address: StoreAddress,
  { busyMilliseconds = BUSY_MILLISECONDS, foreign = false }: DatabaseOptions,
): Promise<Backend> {
  if (address.kind === "sqlite") {
    const { sqliteBackend } = await loadPackage(() => import("./node/sqlite.ts"));
    return sqliteBackend(address.path, { busyMilliseconds, foreign });
  }
  const description = describeAddress(address);
  const backend =
    address.kind === "mysql"
      ? (await loadPackage(() => import("./node/mysql.ts"))).mysqlBackend(address.url, description, foreign)
      : (await loadPackage(() => import("./node/postgres.ts"))).postgresBackend(address.url, description);
  return { ...backend, secrets: secretsOf(new URL(address.url)) };
}

/** Opens a database; a server is connected to by the first statement. */
export async function connectDatabase(address: StoreAddress, options: DatabaseOptions = {}): Promise<Database> {
  const backend = await chooseBackend(address, options);
  try {
    const { Kysely } = await import("kysely");
    return { backend, kysely: new Kysely<AnyTables>({ dialect: await backend.createDialect() }) };
  } catch (error) {
    throw explainFailure(backend, error);
  }
}

/** Runs one statement verbatim. */
export async function runStatement(
  { kysely }: Database,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { CompiledQuery } = await import("kysely");
  const { rows } = await kysely.executeQuery(CompiledQuery.raw(sql, [...parameters]));
  return rows as readonly Readonly<Record<string, unknown>>[];
}

/** Runs `work` in one transaction: all or nothing. */
export function inTransaction<T>(database: Database, work: (transaction: Database) => Promise<T>): Promise<T> {
  return explained(database, () =>
    database.kysely.transaction().execute((kysely) => work({ backend: database.backend, kysely })),
  );
}

/** Runs `work`; errors from the database become one line with its name. */
export async function explained<T>({ backend }: Database, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explainFailure(backend, error);
  }
}

const hints: Readonly<Record<string, string>> = {
  SQLITE_FULL: "no space is left on the device; free some and try again",
  SQLITE_BUSY: "another process keeps it locked; try again",
  SQLITE_READONLY: "the file may not be written",
  SQLITE_CANTOPEN: "the file cannot be opened",
  ECONNREFUSED: "no server answers there; is it running?",
  ENOTFOUND: "there is no such host",
  ETIMEDOUT: "the server does not answer",
  ENOSPC: "no space is left on the device; free some and try again",
};

function explainFailure({ description, secrets }: Backend, thrown: unknown): Error {
  if (thrown instanceof ResiduaError) return thrown;
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  if (code === "SQLITE_NOTADB" || code === "SQLITE_CORRUPT")
    return new FormatError(description, "is not an SQLite database, or is damaged; take a backup", { cause: thrown });
  // Node tries several addresses of a host, then throws one error without a message for all of them.
  const inner = thrown instanceof AggregateError ? (thrown.errors[0] as unknown) : thrown;
  const words =
    hints[code] ?? hints[code.split("_").slice(0, 2).join("_")] ?? hideSecrets(errorMessage(inner), secrets);
  return new EnvironmentError(description, words, { cause: thrown });
}

/** @throws {OptionError} if a name is not valid in every database */
export function requireName(name: string, where: string): void {
  if (!/^[a-z_][a-z0-9_]{0,62}$/i.test(name))
    throw new OptionError(where, `"${name}" must be letters, digits and underscores, at most 63`);
}

/** The columns whose values are reals. */
export function isReal(columns: Columns, name: string): boolean {
  return columns[name].startsWith("real");
}
