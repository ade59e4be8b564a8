import { FormatError } from "../../tensor/errors.ts";

/** The part of libsql's statements that a query needs. */
export interface Statement {
  readonly reader: boolean;
  columns(): readonly { readonly name: string }[];
  all(parameters: readonly unknown[]): readonly unknown[];
  run(parameters: readonly unknown[]): unknown;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * A query whose texts come as bytes unless they are plain ASCII: libsql ends the whole process at a text that is not UTF-8,
 * which a damaged file may hold. SQLite itself does not look at texts, so `length` differs where characters have several
 * bytes or a NUL hides the rest, and `glob` finds single bytes beyond ASCII.
 */
function selectBytes(sql: string, names: readonly string[]): string {
  const columns = names.map((name) => {
    const column = quoted(name);
    const isPlain = `length(${column}) = length(cast(${column} as blob)) and not ${column} glob '*[^' || char(1) || '-' || char(127) || ']*'`;
    return `case when typeof(${column}) <> 'text' or (${isPlain}) then ${column} else cast(${column} as blob) end as ${column}`;
  });
  return `select ${columns.join(", ")} from (${sql})`;
}

/** A blob, as libsql gives it. */
type Bytes = ArrayBuffer | Uint8Array;
const isBytes = (value: unknown): value is Bytes => value instanceof ArrayBuffer || value instanceof Uint8Array;

/** @throws {FormatError} naming the run, or else the file, if bytes are not UTF-8 */
function decodeTexts(row: unknown, where: string): unknown {
  const values = Object.entries(row as Readonly<Record<string, unknown>>);
  if (!values.some(([, value]) => isBytes(value))) return row;
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const decode = (column: string, bytes: Bytes): string => {
    try {
      return decoder.decode(bytes);
    } catch (cause) {
      const run = (row as { readonly id?: unknown }).id;
      const fault = `text in column ${column} is not UTF-8`;
      if (typeof run !== "string") throw new FormatError(where, `is damaged: a ${fault}; take a backup`, { cause });
      throw new FormatError(`run ${run}`, `its ${fault}; remove it with residua runs rm`, { cause });
    }
  };
  return Object.fromEntries(values.map(([column, value]) => [column, isBytes(value) ? decode(column, value) : value]));
}

/**
 * A statement whose texts are checked before libsql turns them into strings. The database holds texts and numbers only.
 *
 * @param prepare prepares a statement on the same connection
 * @param where the file's name, for errors
 */
export function prepareChecked(sql: string, prepare: (sql: string) => Statement, where: string): Statement {
  const statement = prepare(sql);
  if (!statement.reader || !/^\s*select\b/i.test(sql)) return statement;
  const columns = statement.columns();
  const checked = prepare(
    selectBytes(
      sql,
      columns.map(({ name }) => name),
    ),
  );
  return {
    reader: true,
    columns: () => columns,
    all: (parameters) => checked.all(parameters).map((row) => decodeTexts(row, where)),
    run: (parameters) => checked.run(parameters),
  };
}
