import { type Database, runStatement } from "../database.ts";
import type { DeclaredColumn } from "./dialects.ts";

/** What has a table's name in a database. */
export interface FoundTable {
  /** As the database spells it. */
  readonly name: string;
  /** Whether it is a table, and no view, for example. */
  readonly isTable: boolean;
}

/** Finds what has a name, or stands in the way of a table of this name. */
export async function findTable(database: Database, name: string): Promise<FoundTable | undefined> {
  const [row] = await runStatement(database, ...catalogueQuery(database, name));
  return row === undefined ? undefined : { name: String(row["name"]), isTable: Number(row["is_table"]) === 1 };
}

function catalogueQuery({ backend }: Database, name: string): readonly [string, readonly unknown[]] {
  switch (backend.kind) {
    case "sqlite":
      return [
        "select name, type = 'table' as is_table from sqlite_master where type in ('table', 'view') and lower(name) = lower(?)",
        [name],
      ];
    case "mysql":
      // Depending on the file system, names differ by case or do not.
      return [
        "select table_name as name, table_type = 'BASE TABLE' as is_table from information_schema.tables " +
          "where table_schema = database() and " +
          "if(@@lower_case_table_names = 0, binary table_name = binary ?, lower(table_name) = lower(?))",
        [name, name],
      ];
    default:
      return [
        "select c.relname as name, (c.relkind in ('r', 'p'))::int as is_table from pg_class c " +
          "join pg_namespace n on n.oid = c.relnamespace where n.nspname = current_schema() and c.relname = $1",
        [name],
      ];
  }
}

/** The tables of an SQLite file that refer to a table by a foreign key. @param table as the database spells it */
export async function listReferring(database: Database, table: string): Promise<readonly string[]> {
  const rows = await runStatement(
    database,
    "select distinct m.name from sqlite_master m, pragma_foreign_key_list(m.name) f " +
      "where m.type = 'table' and lower(f.\"table\") = lower(?)",
    [table],
  );
  return rows.map(({ name }) => String(name));
}

/** The columns of a table in their order. @param table as the database spells it */
export async function readDeclaredColumns(database: Database, table: string): Promise<readonly DeclaredColumn[]> {
  const { kind, quote } = database.backend;
  if (kind === "mysql") {
    const rows = await runStatement(database, `show columns from ${quote(table)}`);
    return rows.map((row) => ({ name: String(row["Field"]), type: String(row["Type"]) }));
  }
  const rows =
    kind === "sqlite"
      ? await runStatement(database, "select name, type from pragma_table_info(?) order by cid", [table])
      : await runStatement(
          database,
          "select a.attname as name, format_type(a.atttypid, a.atttypmod) as type from pg_attribute a " +
            "join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace " +
            "where n.nspname = current_schema() and c.relname = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum",
          [table],
        );
  return rows.map(({ name, type }) => ({ name: String(name), type: String(type) }));
}
