import type { StoreAddress } from "../address.ts";
import { type Database, runStatement } from "../database.ts";
import { FormatError, OptionError } from "../../tensor/errors.ts";
import { findTable, readDeclaredColumns } from "./catalogue.ts";
import { kindOf, readExpression } from "./dialects.ts";
import { padFraction, writeOut } from "./numbers.ts";
import { withTables } from "./open.ts";
import type { Table, TableColumn } from "./table.ts";

/**
 * Reads a whole table or view, every value exactly. Rows come in the order that the database gives them, which need
 * not be that of the file that they were imported from.
 *
 * @param address `mysql://…`, `postgres://…`, `sqlite:path` or a path
 * @throws {OptionError} if there is no such table; {FormatError} if a column holds bytes; {EnvironmentError} if the database
 *   cannot be reached
 */
export function exportTable(address: StoreAddress | string, name: string): Promise<Table> {
  return withTables(address, { create: false }, async (database) => {
    const found = await findTable(database, name);
    if (found === undefined)
      throw new OptionError("table", `there is no "${name.slice(0, 80)}" in ${database.backend.description}`);
    return readTable(database, found.name);
  });
}

async function readTable(database: Database, name: string): Promise<Table> {
  const { backend } = database;
  const declared = await readDeclaredColumns(database, name);
  const columns = declared.map((column) => {
    const known = kindOf(backend, column);
    if (known === "bytes") throw refuseBytes(database, name, column.name);
    return known;
  });
  const expressions = columns.flatMap((column, index) => {
    const quoted = backend.quote(column.name);
    const value = `${readExpression(backend, quoted, column.kind)} as c${index}`;
    return backend.kind === "sqlite" ? [value, `typeof(${quoted}) as t${index}`] : [value];
  });
  const rows = await runStatement(database, `select ${expressions.join(", ")} from ${backend.quote(name)}`);
  return {
    name,
    columns,
    rows: rows.map((row) =>
      columns.map((column, index) => {
        if (row[`t${index}`] === "blob") throw refuseBytes(database, name, column.name);
        return toText(column, row[`c${index}`] as string | number | null);
      }),
    ),
  };
}

function refuseBytes({ backend }: Database, table: string, column: string): FormatError {
  return new FormatError(
    backend.description,
    `table "${table}", column "${column}" holds bytes, must hold texts or numbers; select the others into a view`,
  );
}

/** A value as {@link Table} has it: decimals and timestamps with the digits that their column has. */
function toText({ kind, scale = 0 }: TableColumn, value: string | number | null): string | null {
  if (value === null) return null;
  const text = String(value);
  if (kind === "decimal") {
    const plain = writeOut(text);
    return plain === undefined ? text : padFraction(plain.text, scale);
  }
  return kind === "timestamp" && /:\d\d(\.\d+)?$/.test(text) ? padFraction(text, scale) : text;
}
