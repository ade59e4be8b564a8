import { randomBytes } from "node:crypto";
import type { StoreAddress } from "../address.ts";
import { type Database, inTransaction, runStatement } from "../database.ts";
import { EnvironmentError, OptionError } from "../../tensor/errors.ts";
import { findTable, listReferring } from "./catalogue.ts";
import { typeTables } from "./check.ts";
import { typeName } from "./dialects.ts";
import { fitsDouble } from "./numbers.ts";
import { writePlaceholders } from "../tables.ts";
import { withTables } from "./open.ts";
import type { Table, TableCase, TableColumn } from "./table.ts";

/** Options for importing tables. */
export interface ImportOptions {
  /** Whether tables that exist are replaced; refused otherwise. */
  readonly replace?: boolean;
  /** Called after every few hundred rows. */
  readonly onRows?: (done: number, all: number) => void;
}

/** What became of a table. */
export interface ImportedTable {
  readonly name: string;
  readonly columns: readonly TableColumn[];
  readonly rows: number;
  readonly replaced: boolean;
}

/**
 * Makes tables in a database and fills them: all or nothing. Columns are typed by all rows; names are quoted, values bound.
 *
 * @param address `mysql://…`, `postgres://…`, `sqlite:path` or a path
 * @param cases tables as LeetCode writes them, all of different names
 * @throws {FormatError} naming the table and row or name that is wrong; {OptionError} if a table exists and `replace` is not
 *   given; {EnvironmentError} if the database cannot be reached, or refuses
 */
export async function importTables(
  address: StoreAddress | string,
  cases: TableCase | readonly TableCase[],
  { replace = false, onRows }: ImportOptions = {},
): Promise<readonly ImportedTable[]> {
  const tables = typeTables("headers" in cases ? [cases] : cases);
  return withTables(address, { create: true }, async (database) => {
    const before = await findExisting(database, tables, replace);
    const all = tables.reduce((sum, { rows }) => sum + rows.length, 0);
    let done = 0;
    const onFilled = (count: number): void => onRows?.((done += count), all);
    await (database.backend.transactionalSchema ? importWhole : importBeside)(database, { tables, onFilled }, before);
    return tables.map(({ name, columns, rows }) => ({
      name,
      columns,
      rows: rows.length,
      replaced: before.has(name),
    }));
  });
}

/** Tables to fill, and what hears of every few rows. */
interface Filling {
  readonly tables: readonly Table[];
  readonly onFilled: (rows: number) => void;
}

/** Tables of these names that exist, as the database spells them. */
type Existing = ReadonlyMap<string, string>;

async function findExisting(database: Database, tables: readonly Table[], replace: boolean): Promise<Existing> {
  const existing = new Map<string, string>();
  for (const { name } of tables) {
    const found = await findTable(database, name);
    if (found === undefined) continue;
    if (!replace)
      throw new OptionError(
        "replace",
        `must be given: ${database.backend.description} has a table "${found.name}" already; replace it, or take another name`,
      );
    if (!found.isTable)
      throw new OptionError(
        "replace",
        `replaces tables, but "${found.name}" is none, a view for example; drop it first`,
      );
    existing.set(name, found.name);
  }
  return existing;
}

/**
 * SQLite would drop a table that others refer to, and leave them referring to nothing; servers refuse that.
 *
 * @throws {EnvironmentError} naming both tables
 */
async function refuseReferred(database: Database, existing: Existing): Promise<void> {
  const names = [...existing.values()];
  for (const name of names) {
    const other = (await listReferring(database, name)).find((each) => !names.includes(each));
    if (other !== undefined)
      throw new EnvironmentError(
        database.backend.description,
        `cannot replace "${name}": "${other}" refers to it by a foreign key; replace both, or take another name`,
      );
  }
}

/** In one transaction, which takes tables back as well. */
function importWhole(database: Database, { tables, onFilled }: Filling, existing: Existing): Promise<void> {
  const { kind, quote } = database.backend;
  return inTransaction(database, async (transaction) => {
    if (kind === "sqlite") await refuseReferred(transaction, existing);
    for (const found of existing.values()) await runStatement(transaction, `drop table ${quote(found)}`);
    for (const table of tables) {
      await makeTable(transaction, table, table.name);
      await fillTable(transaction, table, { name: table.name, onFilled });
    }
  });
}

/**
 * Where a new table cannot be taken back: tables are made and filled under other names, then all get theirs in one statement,
 * and those that they replace go.
 */
async function importBeside(database: Database, { tables, onFilled }: Filling, existing: Existing): Promise<void> {
  const { quote } = database.backend;
  const mark = randomBytes(6).toString("hex");
  const beside = tables.map((table, index) => ({
    table,
    made: `residua_new_${mark}_${index}`,
    old: `residua_old_${mark}_${index}`,
    found: existing.get(table.name),
  }));
  const drop = async (names: readonly string[], ifExists = ""): Promise<void> => {
    if (names.length > 0) await runStatement(database, `drop table ${ifExists}${names.map(quote).join(", ")}`);
  };
  const rename = async (pairs: readonly (readonly [string, string])[]): Promise<void> => {
    await runStatement(database, `rename table ${pairs.map((pair) => pair.map(quote).join(" to ")).join(", ")}`);
  };
  const swaps = beside.flatMap(({ table, made, old, found }): (readonly [string, string])[] => [
    ...(found === undefined ? [] : [[found, old] as const]),
    [made, table.name],
  ]);
  const replaced = beside.filter(({ found }) => found !== undefined);
  try {
    for (const { table, made } of beside) await makeTable(database, table, made);
    await inTransaction(database, async (transaction) => {
      for (const { table, made } of beside) await fillTable(transaction, table, { name: made, onFilled });
    });
    await rename(swaps);
    try {
      await drop(replaced.map(({ old }) => old));
    } catch (error) {
      // A foreign key holds one of them, for example.
      await rename(swaps.toReversed().map(([from, to]) => [to, from] as const));
      throw error;
    }
  } catch (error) {
    const made = beside.map((each) => each.made);
    await drop(made, "if exists ").catch(() => undefined);
    throw error;
  }
}

/** How SQLite, which has no decimals, keeps each column of them: as float64s if those have all digits. */
function keepDecimals(
  { backend }: Database,
  { columns, rows }: Table,
): readonly ("as number" | "as text" | undefined)[] {
  return columns.map(({ kind, scale = 0 }, index) => {
    if (backend.kind !== "sqlite" || kind !== "decimal") return undefined;
    const fits = rows.every((row) => row[index] === null || fitsDouble({ text: row[index], scale }));
    return fits ? "as number" : "as text";
  });
}

async function makeTable(database: Database, table: Table, name: string): Promise<void> {
  const { backend } = database;
  const kept = keepDecimals(database, table);
  const definitions = table.columns.map(
    (column, index) => `${backend.quote(column.name)} ${typeName(backend, column, kept[index] === "as text")}`,
  );
  await runStatement(database, `create table ${backend.quote(name)} (${definitions.join(", ")})`);
}

/** Rows and characters per statement: enough to be fast, few enough for a server's limits. */
const MOST_ROWS = 500;
const MOST_CHARACTERS = 2 ** 20;

async function fillTable(
  database: Database,
  table: Table,
  { name, onFilled }: { readonly name: string } & Pick<Filling, "onFilled">,
): Promise<void> {
  const { backend } = database;
  const head = `insert into ${backend.quote(name)} (${table.columns.map((column) => backend.quote(column.name)).join(", ")}) values `;
  const kept = keepDecimals(database, table);
  // SQLite's own reading of a decimal may miss the nearest float64.
  const bind = (value: string | null, index: number): string | number | null =>
    value !== null && kept[index] === "as number" ? Number(value) : value;
  for (const part of splitRows(table, Math.floor(backend.mostParameters / table.columns.length))) {
    await runStatement(
      database,
      head + writePlaceholders(database, part.length, table.columns.length),
      part.flatMap((row) => row.map(bind)),
    );
    onFilled(part.length);
  }
}

function* splitRows({ rows }: Table, mostByParameters: number): Generator<Table["rows"]> {
  const most = Math.min(MOST_ROWS, Math.max(1, mostByParameters));
  let [start, characters] = [0, 0];
  for (const [index, row] of rows.entries()) {
    const length = row.reduce((sum, value) => sum + (value?.length ?? 0), 0);
    if (index > start && (index - start >= most || characters + length > MOST_CHARACTERS)) {
      yield rows.slice(start, index);
      [start, characters] = [index, 0];
    }
    characters += length;
  }
  if (start < rows.length) yield rows.slice(start);
}
