import { type Database, explained, inTransaction, isReal, requireName, runStatement } from "./database.ts";
import { decodeReal, encodeReal, stateColumn } from "./reals.ts";
import type { Columns, ColumnsOf, ColumnType, RowOf, TableSchema } from "./schema.ts";
import { OptionError } from "../tensor/errors.ts";
import { LONGEST_KEY } from "./schema.ts";

/** Rows per read: enough to be fast, few enough for memory. */
const PAGE_ROWS = 10_000;

/** Selects rows whose columns equal the given values. */
export type RowFilter<C extends Columns> = { readonly [Name in keyof C]?: RowOf<C>[Name] };

/** A value as drivers accept and return it. */
type Stored = string | number | null;

/** The columns in the database: every real one has a state column beside it. */
function storedColumns(columns: Columns): readonly string[] {
  return Object.keys(columns).flatMap((name) => (isReal(columns, name) ? [name, stateColumn(name)] : [name]));
}

function columnDefinition({ backend }: Database, name: string, type: ColumnType): string {
  const base = type.replace("?", "");
  const types: Readonly<Record<string, string>> = {
    text: backend.textType,
    key: backend.keyType,
    integer: "bigint",
    real: "double precision",
  };
  const isEmptyAllowed = type.endsWith("?") || base === "real";
  const definition = `${backend.quote(name)} ${types[base]}${isEmptyAllowed ? "" : " not null"}`;
  return base === "real" ? `${definition}, ${backend.quote(stateColumn(name))} smallint` : definition;
}

/** Creates a table if it does not exist. */
export async function createTable(database: Database, table: string, schema: TableSchema): Promise<void> {
  const { backend } = database;
  [table, ...Object.keys(schema.columns)].forEach((name) => requireName(name, "table"));
  const definitions = Object.entries(schema.columns).map(([name, type]) => columnDefinition(database, name, type));
  const key = schema.primaryKey.length > 0 ? [`primary key (${schema.primaryKey.map(backend.quote).join(", ")})`] : [];
  const body = [...definitions, ...key].join(", ");
  await runStatement(database, `create table if not exists ${backend.quote(table)} (${body})`);
}

interface GivenValue {
  readonly name: string;
  readonly type: ColumnType;
  readonly value: unknown;
}

function encodeValue({ name, type, value }: GivenValue): readonly Stored[] {
  const base = type.replace("?", "");
  if (value === null || value === undefined) {
    if (!type.endsWith("?")) throw new OptionError(name, "must not be empty");
    return base === "real" ? [null, null] : [null];
  }
  if (base === "real" && typeof value === "number") return encodeReal(value);
  if (base === "integer" && Number.isSafeInteger(value)) return [(value as number) + 0];
  if (base === "text" && typeof value === "string") return [value.replaceAll("\0", "\uFFFD")];
  if (base === "key" && typeof value === "string") {
    // Databases disagree on spaces at the end of a key, on control characters, and on how long it may be.
    if (value === value.trim() && value.length <= LONGEST_KEY && !/\p{Cc}/u.test(value)) return [value];
    throw new OptionError(
      name,
      `must be at most ${LONGEST_KEY} characters without spaces at its ends, got "${value.slice(0, 60)}"`,
    );
  }
  throw new OptionError(name, `must be ${base === "real" ? "a number" : base}, got ${JSON.stringify(value)}`);
}

/**
 * Writes rows into a table, in one transaction; a row with an existing primary key is replaced. Among rows with equal
 * keys, the last wins.
 */
export function writeRows<C extends Columns>(
  database: Database,
  table: string,
  schema: TableSchema<C>,
  rows: readonly RowOf<C>[],
): Promise<void> {
  if (rows.length === 0) return Promise.resolve();
  return inTransaction(database, (transaction) => insertRows(transaction, table, schema, rows));
}

/** As {@link writeRows}, within a transaction. */
export async function insertRows<C extends Columns>(
  database: Database,
  table: string,
  { columns, primaryKey }: TableSchema<C>,
  rows: readonly RowOf<C>[],
): Promise<void> {
  const { backend } = database;
  const names = storedColumns(columns);
  const types = Object.entries(columns);
  const others = names.filter((name) => !primaryKey.includes(name));
  const replace = primaryKey.length > 0 ? ` ${backend.replaceClause(primaryKey, others)}` : "";
  const head = `insert into ${backend.quote(table)} (${names.map(backend.quote).join(", ")}) values `;
  const most = Math.floor(backend.mostParameters / names.length);
  const distinct = withoutRepetition(rows, primaryKey);
  for (let start = 0; start < distinct.length; start += most) {
    const part = distinct.slice(start, start + most);
    const parameters = part.flatMap((row) =>
      types.flatMap(([name, type]) => encodeValue({ name: `${table}.${name}`, type, value: row[name] })),
    );
    await runStatement(database, head + writePlaceholders(database, part.length, names.length) + replace, parameters);
  }
}

/** (?, ?), (?, ?): the parameters of rows. */
export function writePlaceholders({ backend }: Database, rows: number, columns: number): string {
  const row = (index: number): string =>
    `(${Array.from({ length: columns }, (_, column) => backend.parameter(index * columns + column + 1)).join(", ")})`;
  return Array.from({ length: rows }, (_, index) => row(index)).join(", ");
}

/** PostgreSQL refuses to replace a row twice in one statement. */
function withoutRepetition<C extends Columns>(
  rows: readonly RowOf<C>[],
  primaryKey: readonly string[],
): readonly RowOf<C>[] {
  if (primaryKey.length === 0) return rows;
  const keyed = new Map(rows.map((row) => [primaryKey.map((name) => String(row[name])).join("\0"), row]));
  return keyed.size === rows.length ? rows : [...keyed.values()];
}

/** The selection to read from a table. */
export interface ReadOptions<C extends Columns> {
  readonly where?: RowFilter<C>;
  /** Only rows after this one, in the order of the primary key. */
  readonly after?: RowFilter<C>;
}

/**
 * Reads rows in the order of the primary key, page by page, whatever the table's size.
 *
 * @throws {OptionError} if the table has no primary key
 */
export async function* readPages<C extends Columns>(
  database: Database,
  table: string,
  schema: TableSchema<C>,
  { where = {}, after }: ReadOptions<C> = {},
): AsyncGenerator<readonly RowOf<C>[]> {
  const { backend } = database;
  if (schema.primaryKey.length === 0) throw new OptionError(table, "has no primary key to read in the order of");
  const order = schema.primaryKey.filter((name) => where[name] === undefined);
  const head = `select ${storedColumns(schema.columns).map(backend.quote).join(", ")} from ${backend.quote(table)}`;
  // Ordered by the whole key, so that databases use its index.
  const tail = ` order by ${schema.primaryKey.map(backend.quote).join(", ")} limit ${PAGE_ROWS}`;
  for (let last: RowFilter<C> | undefined = after; ;) {
    const { sql, parameters } = writeConditions(database, where, order, last);
    const rows = await explained(database, () => runStatement(database, head + sql + tail, parameters));
    const page = rows.map((row) => decodeRow(schema.columns, row));
    if (page.length > 0) yield page;
    if (page.length < PAGE_ROWS || order.length === 0) return;
    last = page.at(-1) as RowFilter<C>;
  }
}

/** where a = ? and (b > ? or b = ? and c > ?): the rows after one, in a form that every database takes an index for. */
function writeConditions<C extends Columns>(
  { backend }: Database,
  where: RowFilter<C>,
  order: readonly string[],
  last: RowFilter<C> | undefined,
): { readonly sql: string; readonly parameters: readonly unknown[] } {
  const parameters: unknown[] = [];
  const compare = (name: string, operator: string, value: unknown): string => {
    parameters.push(value);
    return `${backend.quote(name)} ${operator} ${backend.parameter(parameters.length)}`;
  };
  const terms = Object.entries(where).map(([name, value]) => compare(name, "=", value));
  if (last !== undefined && order.length > 0) {
    const [first] = order;
    // The first column's bound alone, too: not every database finds it inside the or.
    if (order.length > 1) terms.push(compare(first, ">=", last[first]));
    const options = order.map((name, index) => {
      const equal = order.slice(0, index).map((before) => compare(before, "=", last[before]));
      return [...equal, compare(name, ">", last[name])].join(" and ");
    });
    terms.push(`(${options.map((option) => `(${option})`).join(" or ")})`);
  }
  return { sql: terms.length === 0 ? "" : ` where ${terms.join(" and ")}`, parameters };
}

function decodeRow<C extends Columns>(columns: C, row: Readonly<Record<string, unknown>>): RowOf<C> {
  const entries = Object.keys(columns).map((name) => {
    const value = row[name] as Stored;
    if (!isReal(columns, name)) return [name, value] as const;
    return [name, decodeReal(value as number | null, row[stateColumn(name)] as number | null)] as const;
  });
  return Object.fromEntries(entries) as RowOf<C>;
}

/** Reads a table, or a part of it, as typed rows in the order of the primary key. */
export async function readRows<C extends Columns>(
  database: Database,
  table: string,
  schema: TableSchema<C>,
  options: ReadOptions<C> = {},
): Promise<readonly RowOf<C>[]> {
  const pages: (readonly RowOf<C>[])[] = [];
  for await (const page of readPages(database, table, schema, options)) pages.push(page);
  return pages.flat();
}

/** Reads a table, or a part of it, as typed columns in the order of the primary key; empty numbers are NaN. */
export async function readColumns<C extends Columns>(
  database: Database,
  table: string,
  schema: TableSchema<C>,
  options: ReadOptions<C> = {},
): Promise<ColumnsOf<C>> {
  const rows = await readRows(database, table, schema, options);
  const entries = Object.entries(schema.columns).map(([name, type]) => {
    const isNumber = type.startsWith("integer") || type.startsWith("real");
    const values = rows.map((row) => row[name]);
    return [name, isNumber ? Float64Array.from(values, (value) => Number(value ?? Number.NaN)) : values];
  });
  return Object.fromEntries(entries) as ColumnsOf<C>;
}
