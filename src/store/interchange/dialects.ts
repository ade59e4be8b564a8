import type { Backend } from "../backend.ts";
import type { ColumnKind, TableColumn } from "./table.ts";

/** A column of a table that is in a database. */
export interface DeclaredColumn {
  readonly name: string;
  /** Its type in the database's own words, such as `decimal(5,2)`. */
  readonly type: string;
}

/** SQLite keeps decimals as float64; those with more digits are kept as texts, under this name, which makes them so. */
const LONG_DECIMAL = "decimal_text";

/**
 * The type that a column gets in a database.
 *
 * @param isLong whether it has decimals with more digits than a float64
 */
export function typeName({ kind, textType }: Backend, column: TableColumn, isLong: boolean): string {
  const { precision, scale = 0 } = column;
  switch (column.kind) {
    case "integer":
      return "bigint";
    case "decimal":
      return `${kind === "sqlite" && isLong ? LONG_DECIMAL : "decimal"}(${precision},${scale})`;
    case "real":
      return "double precision";
    case "date":
      return "date";
    case "timestamp":
      return `${kind === "postgres" ? "timestamp" : "datetime"}(${scale})`;
    default:
      return textType;
  }
}

type KindPattern = readonly [RegExp, ColumnKind | "bytes"];

/** The first that fits counts; other types are texts. */
const kindPatterns: { readonly [Kind in Backend["kind"]]: readonly KindPattern[] } = {
  sqlite: [
    [/int/, "integer"],
    [/decimal|numeric/, "decimal"],
    [/^date$/, "date"],
    [/^(datetime|timestamp)/, "timestamp"],
    [/real|floa|doub/, "real"],
  ],
  mysql: [
    [/^(tiny|small|medium|big)?int/, "integer"],
    [/^decimal/, "decimal"],
    [/^date$/, "date"],
    [/^(datetime|timestamp)/, "timestamp"],
    [/^(float|double)/, "real"],
    [/blob|binary|^bit|geometry|point|linestring|polygon|vector/, "bytes"],
  ],
  postgres: [
    [/^(smallint|integer|bigint)$/, "integer"],
    [/^numeric/, "decimal"],
    [/^date$/, "date"],
    [/^timestamp.*without time zone$/, "timestamp"],
    [/^(real|double precision)$/, "real"],
    [/^bytea$/, "bytes"],
  ],
};

/** A declared column as this module knows it; "bytes" are no values of a table. */
export function kindOf({ kind }: Backend, { name, type }: DeclaredColumn): TableColumn | "bytes" {
  const declared = type.toLowerCase();
  const found = kindPatterns[kind].find(([pattern]) => pattern.test(declared))?.[1] ?? "text";
  if (found === "bytes") return found;
  const [first, second] = Array.from(/\(([\d\s,]*)\)/.exec(declared)?.[1].matchAll(/\d+/g) ?? [], Number);
  if (found === "timestamp") return { name, kind: found, scale: first ?? 0 };
  if (found !== "decimal" || first === undefined) return { name, kind: found };
  return { name, kind: found, precision: first, scale: second ?? 0 };
}

/**
 * The expression that reads a column exactly: no driver turns it into a float64, or a date into a moment in a time zone. Only
 * float64s come as they are.
 *
 * @param column its quoted name
 */
export function readExpression({ kind }: Backend, column: string, of: ColumnKind): string {
  switch (kind) {
    // A column holds values of any kind there.
    case "sqlite":
      return `case typeof(${column}) when 'integer' then cast(${column} as text) when 'blob' then null else ${column} end`;
    case "mysql":
      return of === "real" ? column : `cast(${column} as char)`;
    default:
      return `cast(${column} as text)`;
  }
}
