import { encodeExactCsv } from "../../files/csv.ts";
import { FormatError } from "../../tensor/errors.ts";
import { loadPackage } from "../../tensor/missing-package.ts";
import { areNumbers } from "./numbers.ts";
import type { Table, TableCase, TableCell } from "./table.ts";

/** Errors of the parser, in this project's words. */
const problems: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: "a quoted value does not end",
  CSV_INVALID_CLOSING_QUOTE: 'a quoted value goes on after its closing quote; write a quote within it as ""',
  INVALID_OPENING_QUOTE: "a quote stands within a value that is not quoted; quote the value and double the quote",
};

/**
 * Reads comma-separated values whose first line names the columns. An empty cell is null, `""` an empty text. A column all of
 * whose values look like numbers, as programs write them, has numbers; others have texts. Blank lines are no rows, unless there is
 * only one column, of which they are nulls.
 *
 * @param table the table's name
 * @param where names the file, for errors
 * @throws {FormatError} if it is empty or not valid CSV
 */
export async function parseCsvTable(text: string, table: string, where: string): Promise<TableCase> {
  const { parse, CsvError } = await loadPackage(() => import("csv-parse/sync"));
  let records: readonly (readonly (string | null)[])[];
  try {
    records = parse(text, {
      bom: true,
      relaxColumnCount: true,
      // Otherwise the first line's ending would be all lines'.
      recordDelimiter: ["\r\n", "\n", "\r"],
      cast: (value, { quoting }) => (value === "" && !quoting ? null : value),
    });
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    const line = String(cause["lines"]);
    throw new FormatError(where, `is not CSV near line ${line}, ${problems[cause.code] ?? cause.code}`, { cause });
  }
  const [header, ...rows] = records;
  if (header === undefined) throw new FormatError(where, "is empty; its first line must name the columns");
  const isBlank = (row: readonly unknown[]): boolean => header.length > 1 && row.length === 1 && row[0] === null;
  return {
    headers: { [table]: header.map((name) => name ?? "") },
    rows: { [table]: findNumbers(rows.filter((row) => !isBlank(row))) },
    where,
  };
}

/** Rows in which the columns of numbers hold numbers. A row of another length than the first is left to the check. */
function findNumbers(rows: readonly (readonly (string | null)[])[]): readonly (readonly TableCell[])[] {
  const width = rows.reduce((most, { length }) => Math.max(most, length), 0);
  const isNumeric = Array.from({ length: width }, (_, index) => areNumbers(rows.flatMap((row) => row[index] ?? [])));
  return rows.map((row) => row.map((cell, index) => (cell !== null && isNumeric[index] ? { digits: cell } : cell)));
}

/** Rows per piece of a text. */
const PIECE_ROWS = 1000;

/** A table as comma-separated values, in pieces, cells exactly as they are; null is an empty cell, an empty text is `""`. */
export function* tableToCsv({ columns, rows }: Table): Generator<string> {
  yield encodeExactCsv([columns.map(({ name }) => name)]);
  for (let start = 0; start < rows.length; start += PIECE_ROWS)
    yield encodeExactCsv(rows.slice(start, start + PIECE_ROWS));
}
