import { type Database, explained, runStatement } from "./database.ts";
import { storeTables } from "./schema.ts";
import { nameStoredMeasures } from "./named-measures.ts";
import { createTable } from "./tables.ts";
import { EnvironmentError, FormatError } from "../tensor/errors.ts";

/** A schema change. Once released, it is never modified. */
export interface Migration {
  readonly describe: string;
  up(database: Database): Promise<void>;
}

const VERSION_TABLE = "residua_schema";

/** Every change, in order; a store's version is the number applied. */
export const migrations: readonly Migration[] = [
  {
    describe: "runs, metrics, artifacts and tags",
    up: async (database) => {
      for (const [name, schema] of Object.entries(storeTables)) await createTable(database, name, schema);
      const indices = [
        ["residua_runs", "started_at"],
        ["residua_runs", "status"],
        ["residua_runs", "config_hash"],
        ["residua_artifacts", "sha256"],
      ] as const;
      for (const [table, column] of indices) await createIndex(database, table, column);
    },
  },
  {
    describe: "measures under their own names",
    up: nameStoredMeasures,
  },
];

/** Creates an index that an interrupted change may already have created: MySQL does not roll it back. */
async function createIndex(database: Database, table: string, column: string): Promise<void> {
  const { kind, quote } = database.backend;
  const existing = kind === "mysql" ? "" : "if not exists ";
  try {
    await runStatement(
      database,
      `create index ${existing}${quote(`${table}_${column}`)} on ${quote(table)} (${quote(column)})`,
    );
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ER_DUP_KEYNAME")) throw error;
  }
}

/** How opening a store changed its schema. */
export interface MigrationReport {
  readonly from: number;
  readonly to: number;
  /** The backup of the store before the change, if it was changed. */
  readonly backup?: string;
}

/**
 * Brings a store's schema up to date, whichever process comes first, after a backup.
 *
 * @throws {FormatError} if a newer Residua made it
 */
export function migrate(
  database: Database,
  changes: readonly Migration[] = migrations,
  now: () => Date = () => new Date(),
): Promise<MigrationReport> {
  return explained(database, async () => {
    const version = await readVersion(database);
    requireKnown(database, version, changes.length);
    if (version === changes.length) return { from: version, to: version };
    const backup = version === 0 ? undefined : await backUp(database, version, now());
    await applyChanges(database, changes);
    return { from: version, to: changes.length, ...(backup === undefined ? {} : { backup }) };
  });
}

function requireKnown({ backend }: Database, version: number, known: number): void {
  if (version <= known) return;
  throw new FormatError(
    backend.description,
    `is a run store of version ${version}, this Residua knows up to ${known}; use a newer Residua`,
  );
}

async function hasTable({ kysely }: Database, name: string): Promise<boolean> {
  const tables = await kysely.introspection.getTables();
  return tables.some((table) => table.name === name);
}

async function readVersion(database: Database): Promise<number> {
  if (!(await hasTable(database, VERSION_TABLE))) return 0;
  const [row] = await runStatement(
    database,
    `select max(version) as version from ${database.backend.quote(VERSION_TABLE)}`,
  );
  return Number(row?.["version"] ?? 0);
}

/** One process at a time; a process that waited finds it done. */
async function applyChanges(database: Database, changes: readonly Migration[]): Promise<void> {
  const { backend, kysely } = database;
  const apply = async (inner: Database): Promise<void> => {
    const { quote, parameter } = backend;
    await runStatement(
      inner,
      `create table if not exists ${quote(VERSION_TABLE)} (version integer not null primary key)`,
    );
    const version = await readVersion(inner);
    requireKnown(inner, version, changes.length);
    for (const [index, change] of changes.entries()) {
      if (index < version) continue;
      await change.up(inner);
      await runStatement(inner, `insert into ${quote(VERSION_TABLE)} (version) values (${parameter(1)})`, [index + 1]);
    }
  };
  await kysely.connection().execute(async (connection) => {
    const locked = { backend, kysely: connection };
    if (backend.lockSchema !== undefined) requireGranted(database, await runStatement(locked, backend.lockSchema.lock));
    try {
      if (!backend.transactionalSchema) await apply(locked);
      else await connection.transaction().execute((transaction) => apply({ backend, kysely: transaction }));
    } finally {
      if (backend.lockSchema !== undefined) await runStatement(locked, backend.lockSchema.unlock);
    }
  });
}

/** @throws {EnvironmentError} if the answer says that another process still holds the lock */
function requireGranted({ backend }: Database, [answer]: readonly Readonly<Record<string, unknown>>[]): void {
  if (answer === undefined || !("granted" in answer) || Number(answer.granted) === 1) return;
  throw new EnvironmentError(
    backend.description,
    "is being brought up to date by another process for over a minute; try again once that has ended",
  );
}

/** Backs up a store: an SQLite file next to the file, or tables next to the tables. */
async function backUp(database: Database, version: number, now: Date): Promise<string> {
  const { backend } = database;
  const stamp = now.toISOString().replaceAll(/\D/g, "").slice(0, 17);
  if (backend.kind === "sqlite") {
    const path = `${backend.description}.v${version}-${stamp}.backup`;
    await runStatement(database, `vacuum into '${path.replaceAll("'", "''")}'`);
    return path;
  }
  const suffix = `_v${version}_${stamp}`;
  for (const table of [...Object.keys(storeTables), VERSION_TABLE]) {
    if (!(await hasTable(database, table))) continue;
    await runStatement(
      database,
      `create table ${backend.quote(table + suffix)} as select * from ${backend.quote(table)}`,
    );
  }
  return `tables ending in ${suffix}`;
}
