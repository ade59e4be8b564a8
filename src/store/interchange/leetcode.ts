import { FormatError } from "../../tensor/errors.ts";
import { isJsonNumber } from "./numbers.ts";
import type { NumberText, Table, TableCase, TableCell } from "./table.ts";

const FORM = 'must be {"headers": {"T": ["a"]}, "rows": {"T": [[1]]}}';

/**
 * Reads LeetCode's form: `{"headers": {"T": ["a", "b"]}, "rows": {"T": [[1, "x"], [2, null]]}}`. Numbers keep all digits.
 *
 * @param where names the file, for errors
 * @throws {FormatError} if it is not JSON, or of another form
 */
export async function parseTableCase(text: string, where: string): Promise<TableCase> {
  const value = await parseExactJson(text, where);
  if (!isObject(value)) throw new FormatError(where, `is not an object; ${FORM}`);
  const stray = Object.keys(value).find((key) => key !== "headers" && key !== "rows");
  if (stray !== undefined) throw new FormatError(where, `has "${stray}", may have "headers" and "rows" only`);
  const { headers, rows } = value;
  for (const [name, part] of Object.entries({ headers, rows }))
    if (!isObject(part)) throw new FormatError(where, `its "${name}" must be an object with a list per table; ${FORM}`);
  return {
    headers: readHeaders(headers as Record<string, unknown>, where),
    rows: readRows(rows as Record<string, unknown>, where),
    where,
  };
}

async function parseExactJson(text: string, where: string): Promise<unknown> {
  if (text.trim() === "") throw new FormatError(where, `is empty; ${FORM}`);
  const { parse } = await import("lossless-json");
  try {
    return parse(text, undefined, { parseNumber: keepDigits });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : "";
    if (message.startsWith("Duplicate key"))
      throw new FormatError(where, "names a table twice, with different contents; leave one out", { cause });
    // Nesting beyond the stack, too.
    const position = /position (\d+)/.exec(message)?.[1];
    throw new FormatError(where, `is not JSON${position === undefined ? "" : ` at character ${position}`}; ${FORM}`, {
      cause,
    });
  }
}

/** An object of the file. */
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  Object.getPrototypeOf(value) === Object.prototype;

/** A number, unlike an object of the file, has no prototype. */
function keepDigits(digits: string): NumberText {
  const number = Object.create(null) as { digits: string };
  number.digits = digits;
  return number;
}

const isNumber = (value: unknown): value is NumberText =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === null;

function readHeaders(headers: Readonly<Record<string, unknown>>, where: string): TableCase["headers"] {
  for (const [table, names] of Object.entries(headers))
    if (!Array.isArray(names) || names.some((name) => typeof name !== "string"))
      throw new FormatError(where, `the headers of "${table}" must be a list of texts`);
  return headers as TableCase["headers"];
}

function readRows(all: Readonly<Record<string, unknown>>, where: string): TableCase["rows"] {
  for (const [table, rows] of Object.entries(all)) {
    if (!Array.isArray(rows)) throw new FormatError(where, `the rows of "${table}" must be a list of lists`);
    for (const [index, row] of (rows as readonly unknown[]).entries()) {
      if (!Array.isArray(row))
        throw new FormatError(where, `table "${table}", row ${index + 1}: must be a list of values`);
      const wrong = (row as readonly unknown[]).findIndex((cell) => !isCell(cell));
      if (wrong !== -1)
        throw new FormatError(
          where,
          `table "${table}", row ${index + 1}: value ${wrong + 1} is ${describe(row[wrong])}, must be a text, a number or null`,
        );
    }
  }
  return all as TableCase["rows"];
}

const isCell = (value: unknown): value is TableCell => value === null || typeof value === "string" || isNumber(value);

function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return typeof value === "boolean" ? String(value) : "an object";
}

/** Rows per piece of a text. */
const PIECE_ROWS = 1000;

/** A table in LeetCode's form, in pieces. Numbers are written with the digits that they have in the database. */
export function* tableToJson({ name, columns, rows }: Table): Generator<string> {
  const [key, header] = [JSON.stringify(name), JSON.stringify(columns.map((column) => column.name))];
  yield `{"headers": {${key}: ${header}}, "rows": {${key}: [`;
  const isNumeric = columns.map(({ kind }) => kind === "integer" || kind === "decimal" || kind === "real");
  for (let start = 0; start < rows.length; start += PIECE_ROWS) {
    const texts = rows
      .slice(start, start + PIECE_ROWS)
      .map((row) => `[${row.map((cell, index) => toJson(cell, isNumeric[index])).join(", ")}]`);
    yield `${start > 0 ? "," : ""}\n${texts.join(",\n")}`;
  }
  yield "\n]}}\n";
}

/** A table's columns as one JSON object by name, in pieces. */
export function* columnsToJson({ columns, rows }: Table): Generator<string> {
  yield "{";
  for (const [index, { name, kind }] of columns.entries()) {
    const isNumeric = kind === "integer" || kind === "decimal" || kind === "real";
    const values = rows.map((row) => toJson(row[index], isNumeric));
    yield `${index > 0 ? "," : ""}\n${JSON.stringify(name)}: [${values.join(", ")}]`;
  }
  yield "\n}\n";
}

/** NaN and the infinities, which JSON lacks, are texts. */
function toJson(cell: string | null, isNumeric: boolean): string {
  if (cell === null) return "null";
  return isNumeric && isJsonNumber(cell) ? cell : JSON.stringify(cell);
}
