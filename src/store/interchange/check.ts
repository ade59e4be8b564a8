import { FormatError } from "../../tensor/errors.ts";
import { typeColumn } from "./kinds.ts";
import type { Table, TableCase } from "./table.ts";

/** PostgreSQL cuts longer names without a word. */
const MOST_NAME_BYTES = 63;

/**
 * Checks tables and types their columns by all rows.
 *
 * @throws {FormatError} naming the table and the row or name that is wrong
 */
export function typeTables(cases: readonly TableCase[]): readonly Table[] {
  const tables = cases.map(typeCase);
  const first = cases[0]?.where ?? "cases";
  if (tables.length === 0) throw new FormatError(first, "has no tables; must have at least one");
  const all = tables.flat();
  requireDistinct(
    all.map(({ name }) => name),
    first,
    "tables",
  );
  return all;
}

function typeCase({ headers, rows, where = "cases" }: TableCase): readonly Table[] {
  const names = Object.keys(headers);
  if (names.length === 0) throw new FormatError(where, "has no tables; must have at least one");
  const stray = Object.keys(rows).find((name) => !Object.hasOwn(headers, name));
  if (stray !== undefined)
    throw new FormatError(where, `has rows of "${stray}", but no headers of it; add its columns`);
  return names.map((name) => typeTable(name, { headers, rows }, where));
}

function typeTable(table: string, { headers, rows: all }: TableCase, where: string): Table {
  requireTableName(table, where);
  if (!Object.hasOwn(all, table))
    throw new FormatError(where, `has headers of "${table}", but no rows of it; give [] if it has none`);
  const [names, rows] = [headers[table], all[table]];
  if (names.length === 0) throw new FormatError(where, `table "${table}" has no columns; must have at least one`);
  names.forEach((name) => requireNameOf(name, where, `column of table "${table}"`));
  requireDistinct(names, where, `columns of table "${table}"`);
  const ragged = rows.findIndex(({ length }) => length !== names.length);
  if (ragged !== -1)
    throw new FormatError(
      where,
      `table "${table}", row ${ragged + 1}: has ${rows[ragged].length} values, must have ${names.length}, one per column`,
    );
  const typed = names.map((name, index) =>
    typeColumn(
      name,
      rows.map((row) => row[index]),
      { file: where, table, column: name },
    ),
  );
  return {
    name: table,
    columns: typed.map(({ column }) => column),
    rows: rows.map((_, row) => typed.map(({ values }) => values[row])),
  };
}

/** @throws {FormatError} if a name is none that every database takes, or belongs to the store of runs */
function requireTableName(name: string, where: string): void {
  requireNameOf(name, where, "table");
  if (/^residua_/i.test(name))
    throw new FormatError(where, `the table "${name}" would be one of the run store's; give it another name`);
}

function requireNameOf(name: string, where: string, what: string): void {
  const refuse = (problem: string): never => {
    throw new FormatError(where, `the name "${name.slice(0, 80)}" of a ${what} ${problem}`);
  };
  if (name.trim() === "") refuse("is empty; give it one");
  if (/["'`]/.test(name)) refuse("has a quote; give it without");
  if (/[\p{Cc}\p{Cs}]/u.test(name)) refuse("has a control character; give it without");
  // MySQL's names have no characters beyond U+FFFF.
  if (/[\u{10000}-\u{10FFFF}]/u.test(name)) refuse("has a character beyond U+FFFF; give it without");
  if (name !== name.trim()) refuse("begins or ends with a space; give it without");
  const bytes = new TextEncoder().encode(name).length;
  if (bytes > MOST_NAME_BYTES) refuse(`has ${bytes} bytes, may have ${MOST_NAME_BYTES}; shorten it`);
}

/** Databases take "a" and "A" for one name. */
function requireDistinct(names: readonly string[], where: string, what: string): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const before = seen.get(name.toLowerCase());
    if (before !== undefined)
      throw new FormatError(where, `two ${what} are called "${before}" and "${name}"; give them different names`);
    seen.set(name.toLowerCase(), name);
  }
}
