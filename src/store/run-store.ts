import { randomBytes } from "node:crypto";
import { FormatError, OptionError } from "../tensor/errors.ts";
import { describeAddress, type StoreAddress } from "./address.ts";
import { connectDatabase, type Database, type DatabaseOptions, explained, inTransaction } from "./database.ts";
import { encodeJson } from "./json.ts";
import { migrate, type Migration, type MigrationReport, migrations } from "./migrations.ts";
import { currentProcess, isProcessGone } from "../files/node/process.ts";
import {
  extendSummary,
  hashConfiguration,
  type MetricPoint,
  type Run,
  type RunStart,
  type RunStatus,
  type RunSummary,
  toMetricRow,
} from "./run.ts";
import { decodeSummary, toRun } from "./run-row.ts";
import { type ArtifactRow, type MetricRow, type RunRow, storeTables, type TagRow } from "./schema.ts";
import { insertRows, readPages, readRows, writeRows } from "./tables.ts";

/** Runs kept in a database. Every method throws an {EnvironmentError} if the database cannot be reached. */
export interface RunStore {
  readonly database: Database;
  /** Without a password. */
  readonly description: string;
  /** How opening it changed its schema. */
  readonly migration: MigrationReport;
  close(): Promise<void>;
}

/** Options for opening a store. */
export interface StoreOptions extends DatabaseOptions {
  /** The known schema changes. */
  readonly migrations?: readonly Migration[];
}

/** A run on another machine counts as crashed after this silence. */
const SILENT_MILLISECONDS = 10 * 60_000;

/** The row of a run that is starting. */
export function createRunRow(start: RunStart, now: number): RunRow {
  return {
    id: randomBytes(8).toString("hex"),
    command: start.command,
    name: start.name,
    status: "running",
    config: encodeJson(start.config),
    config_hash: hashConfiguration(start.config),
    seed: start.seed ?? null,
    code: encodeJson(start.code),
    environment: encodeJson(start.environment),
    parent_id: start.parentId ?? null,
    folder: start.folder ?? null,
    ...currentProcess(),
    started_at: now,
    heartbeat_at: now,
    ended_at: null,
    steps: 0,
    summary: "{}",
    result: null,
    reason: null,
  };
}

/**
 * Opens a store, creating it if missing and upgrading an older one.
 *
 * @throws {EnvironmentError} if the database cannot be reached; {FormatError} if a newer Residua made it
 */
export async function openRunStore(address: StoreAddress, options: StoreOptions = {}): Promise<RunStore> {
  const database = await connectDatabase(address, options);
  const close = (): Promise<void> => database.kysely.destroy();
  try {
    const migration = await migrate(database, options.migrations ?? migrations);
    return { database, description: describeAddress(address), migration, close };
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
}

/** A batch of changes to a run: existing values are replaced, others added. */
export interface RunChange {
  readonly run: RunRow;
  readonly metrics: readonly MetricRow[];
  readonly artifacts: readonly ArtifactRow[];
}

/** Writes a run with its changes, all or nothing. Idempotent. */
export async function saveRun(store: RunStore, { run, metrics, artifacts }: RunChange): Promise<void> {
  await inTransaction(store.database, async (transaction) => {
    await insertRows(transaction, "residua_runs", storeTables.residua_runs, [run]);
    await insertRows(transaction, "residua_metrics", storeTables.residua_metrics, metrics);
    await insertRows(transaction, "residua_artifacts", storeTables.residua_artifacts, artifacts);
  });
}

/** Adds metric values to an existing run; a value of the same metric and step is replaced. */
export async function addMetrics(store: RunStore, id: string, points: readonly MetricPoint[]): Promise<void> {
  await inTransaction(store.database, async (transaction) => {
    const [row] = await readRows(transaction, "residua_runs", storeTables.residua_runs, { where: { id } });
    if (row === undefined) throw new OptionError("run", `"${id}" is not there`);
    const rows = points.map((point) => toMetricRow(id, point));
    await insertRows(transaction, "residua_metrics", storeTables.residua_metrics, rows);
    const before = decodeSummary(row.summary, id);
    const replaced = namesOfReplaced(before, points);
    let summary = extendSummary(
      Object.fromEntries(Object.entries(before).filter(([name]) => !replaced.has(name))),
      points.filter(({ name }) => !replaced.has(name)),
    );
    for (const name of replaced)
      for await (const page of readMetricPages({ database: transaction }, id, name))
        summary = extendSummary(summary, page);
    const steps = points.reduce((most, { step }) => Math.max(most, step), row.steps);
    const changed = { ...row, summary: encodeJson(summary), steps };
    await insertRows(transaction, "residua_runs", storeTables.residua_runs, [changed]);
  });
}

/** Metrics of which one of the points may stand in another's place: all whose steps do not go on from those there are. */
function namesOfReplaced(summary: RunSummary, points: readonly MetricPoint[]): ReadonlySet<string> {
  const latest = new Map(Object.entries(summary).map(([name, { step }]) => [name, step]));
  const names = new Set<string>();
  for (const { name, step } of points) {
    if (step <= (latest.get(name) ?? Number.NEGATIVE_INFINITY)) names.add(name);
    latest.set(name, step);
  }
  return names;
}

/** Filters runs. */
export interface RunFilter {
  readonly status?: RunStatus;
  readonly command?: string;
  readonly tag?: string;
  readonly configHash?: string;
  /** At most this many, the latest first. */
  readonly limit?: number;
}

/**
 * The runs that match a filter, the latest first; reads no metrics.
 *
 * @param onDamaged told about rows that are not valid runs, which are then skipped
 * @throws {FormatError} naming the first of them, if there is no `onDamaged`
 */
export async function listRuns(
  store: RunStore,
  filter: RunFilter = {},
  onDamaged?: (id: string, error: FormatError) => void,
): Promise<readonly Run[]> {
  await markCrashed(store);
  return explained(store.database, async () => {
    let query = store.database.kysely.selectFrom("residua_runs").selectAll("residua_runs");
    if (filter.status !== undefined) query = query.where("status", "=", filter.status);
    if (filter.command !== undefined) query = query.where("command", "=", filter.command);
    if (filter.configHash !== undefined) query = query.where("config_hash", "=", filter.configHash);
    if (filter.tag !== undefined) {
      const tagged = store.database.kysely.selectFrom("residua_tags").select("run_id").where("tag", "=", filter.tag);
      query = query.where("id", "in", tagged);
    }
    query = query.orderBy("started_at", "desc").orderBy("id");
    if (filter.limit !== undefined) query = query.limit(filter.limit);
    const rows = (await query.execute()) as unknown as readonly RunRow[];
    const tags = await readTags(store);
    return rows.flatMap((row): readonly Run[] => {
      try {
        return [toRun(row, tags.get(row.id) ?? [])];
      } catch (error) {
        if (onDamaged === undefined || !(error instanceof FormatError)) throw error;
        onDamaged(row.id, error);
        return [];
      }
    });
  });
}

async function readTags({ database }: RunStore): Promise<ReadonlyMap<string, readonly string[]>> {
  const tags = new Map<string, string[]>();
  for (const { run_id, tag } of await readRows(database, "residua_tags", storeTables.residua_tags)) {
    const known = tags.get(run_id);
    if (known) known.push(tag);
    else tags.set(run_id, [tag]);
  }
  return tags;
}

/** Marks runs whose process is gone as crashed: nothing else would. */
export async function markCrashed({ database }: RunStore, now: number = Date.now()): Promise<void> {
  const running = await explained(database, async () => {
    const rows = await database.kysely.selectFrom("residua_runs").selectAll().where("status", "=", "running").execute();
    return rows as unknown as readonly RunRow[];
  });
  const crashed = running.flatMap((row): readonly RunRow[] => {
    const isGone = isProcessGone(row);
    if (isGone === false || (isGone === undefined && now - row.heartbeat_at < SILENT_MILLISECONDS)) return [];
    const reason = isGone ? "its process is gone" : "it has said nothing for ten minutes";
    return [{ ...row, status: "crashed", ended_at: row.heartbeat_at, reason }];
  });
  for (const { id, heartbeat_at, ended_at, reason } of crashed) {
    // Unless it has reported in the meantime.
    await explained(database, () =>
      database.kysely
        .updateTable("residua_runs")
        .set({ status: "crashed", ended_at, reason })
        .where("id", "=", id)
        .where("status", "=", "running")
        .where("heartbeat_at", "=", heartbeat_at)
        .execute(),
    );
  }
}

const runColumns = Object.keys(storeTables.residua_runs.columns) as (keyof RunRow)[];

/** What a row says of its run without being checked: enough to name it, and to remove a damaged one. */
export type RunIdentity = Pick<RunRow, "id" | "name" | "status">;

/** @param columns what is read of the row */
async function findRow<const Column extends keyof RunRow>(
  store: RunStore,
  text: string,
  columns: readonly Column[],
): Promise<Pick<RunRow, Column>> {
  if (!/^[0-9a-z-]{1,64}$/i.test(text)) throw new OptionError("run", `"${text}" is no id of a run`);
  await markCrashed(store);
  const { database } = store;
  const rows = (await explained(database, () =>
    database.kysely
      .selectFrom("residua_runs")
      .select([...columns])
      .where("id", "like", `${text.toLowerCase()}%`)
      .limit(2)
      .execute(),
  )) as unknown as readonly Pick<RunRow, Column>[];
  if (rows.length === 0)
    throw new OptionError("run", `there is none whose id begins with "${text}"; see residua runs list`);
  if (rows.length > 1) throw new OptionError("run", `more than one id begins with "${text}"; give more of it`);
  return rows[0];
}

/**
 * Identifies the run with an id or a prefix of it, even if the rest of its row is damaged.
 *
 * @throws {OptionError} if there is none, or more than one
 */
export async function identifyRun(store: RunStore, text: string): Promise<RunIdentity> {
  return findRow(store, text, ["id", "name", "status"]);
}

/**
 * The run with an id or a prefix of it.
 *
 * @throws {OptionError} if there is none, or more than one
 * @throws {FormatError} if its row is damaged
 */
export async function findRun(store: RunStore, text: string): Promise<Run> {
  const row = await findRow(store, text, runColumns);
  const where = { run_id: row.id };
  const tags = await readRows(store.database, "residua_tags", storeTables.residua_tags, { where });
  return toRun(
    row,
    tags.map(({ tag }) => tag),
  );
}

/** The artefacts of a run, by name and content. */
export function readArtifacts({ database }: RunStore, runId: string): Promise<readonly ArtifactRow[]> {
  return readRows(database, "residua_artifacts", storeTables.residua_artifacts, { where: { run_id: runId } });
}

/** Adds artefacts to runs that are there. */
export async function addArtifacts({ database }: RunStore, rows: readonly ArtifactRow[]): Promise<void> {
  await writeRows(database, "residua_artifacts", storeTables.residua_artifacts, rows);
}

/** Runs that wrote an artefact with this content, the latest first. */
export async function findArtifact({ database }: RunStore, sha256: string): Promise<readonly ArtifactRow[]> {
  return explained(database, async () => {
    const query = database.kysely.selectFrom("residua_artifacts").selectAll().where("sha256", "=", sha256);
    return (await query.orderBy("created_at", "desc").orderBy("run_id").execute()) as unknown as readonly ArtifactRow[];
  });
}

/** A run's metrics by name and step, or one metric's values by step; page by page. */
export function readMetricPages(
  { database }: Pick<RunStore, "database">,
  runId: string,
  name?: string,
): AsyncGenerator<readonly MetricRow[]> {
  const where = { run_id: runId, ...(name === undefined ? {} : { name }) };
  return readPages(database, "residua_metrics", storeTables.residua_metrics, { where });
}

/** Puts tags on a run and takes others off. @throws {OptionError} if a tag is empty, too long or has spaces at its ends */
export async function changeTags(
  { database }: RunStore,
  id: string,
  { add = [], remove = [] }: { readonly add?: readonly string[]; readonly remove?: readonly string[] },
): Promise<void> {
  if (add.includes("")) throw new OptionError("tag", "must not be empty");
  await inTransaction(database, async (transaction) => {
    if (remove.length > 0) {
      const query = transaction.kysely.deleteFrom("residua_tags").where("run_id", "=", id);
      await query.where("tag", "in", [...remove]).execute();
    }
    const rows: readonly TagRow[] = add.map((tag) => ({ run_id: id, tag }));
    await insertRows(transaction, "residua_tags", storeTables.residua_tags, rows);
  });
}

/** Removes a run with all that the database has of it. */
export async function removeRun({ database }: RunStore, id: string): Promise<void> {
  await inTransaction(database, async ({ kysely }) => {
    for (const table of ["residua_metrics", "residua_artifacts", "residua_tags"]) {
      await kysely.deleteFrom(table).where("run_id", "=", id).execute();
    }
    await kysely.deleteFrom("residua_runs").where("id", "=", id).execute();
  });
}
