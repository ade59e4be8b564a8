import { FormatError } from "../../tensor/errors.ts";
import { MOST_DIGITS, MOST_SCALE, padFraction, type PlainNumber, writeOut } from "./numbers.ts";
import type { TableCell, TableColumn } from "./table.ts";

/** A column with its values as texts. */
export interface TypedColumn {
  readonly column: TableColumn;
  readonly values: readonly (string | null)[];
}

/**
 * Types a column by all of its values: integers within ±2⁶³, decimals, dates and timestamps (each if all are), else texts.
 *
 * @param where names the column, such as `table "T", column "a"`, and the file
 * @throws {FormatError} naming the row whose number no database keeps, or whose text cannot be stored
 */
export function typeColumn(name: string, cells: readonly TableCell[], where: ColumnPlace): TypedColumn {
  const given = cells.filter((cell) => cell !== null);
  if (given.length > 0 && given.every((cell) => typeof cell !== "string")) return typeNumbers(name, cells, where);
  const values = cells.map((cell, row) => (cell === null ? null : checkText(toText(cell), row, where)));
  const texts = values.filter((value) => value !== null);
  const timestamps = texts.length > 0 ? typeTimestamps(name, values) : undefined;
  if (timestamps !== undefined) return timestamps;
  return { column: { name, kind: texts.length > 0 && texts.every(isDate) ? "date" : "text" }, values };
}

/** Where a column stands, for errors. */
export interface ColumnPlace {
  readonly file: string;
  readonly table: string;
  readonly column: string;
}

/** The error about a value. @param row from 0 */
function refuse({ file, table, column }: ColumnPlace, row: number, problem: string): FormatError {
  return new FormatError(file, `table "${table}", row ${row + 1}, column "${column}": ${problem}`);
}

function toText(cell: Exclude<TableCell, null>): string {
  return typeof cell === "object" ? cell.digits : String(cell);
}

function typeNumbers(name: string, cells: readonly TableCell[], where: ColumnPlace): TypedColumn {
  const numbers = cells.map((cell, row) => (cell === null ? null : toNumber(toText(cell), row, where)));
  const given = numbers.filter((number) => number !== null);
  const scale = given.reduce((most, number) => Math.max(most, number.scale), 0);
  const whole = given.reduce((most, number) => Math.max(most, number.whole), 0);
  if (scale === 0 && given.every(isInt64))
    return { column: { name, kind: "integer" }, values: numbers.map((number) => number?.text ?? null) };
  const precision = Math.max(whole + scale, 1);
  if (precision > MOST_DIGITS) {
    const longest = numbers.findIndex((number) => number?.whole === whole);
    throw refuse(
      where,
      longest,
      `the column needs ${precision} digits, ${whole} before and ${scale} after the point, may have ${MOST_DIGITS}; give it as text`,
    );
  }
  const values = numbers.map((number) => (number === null ? null : padFraction(number.text, scale)));
  return { column: { name, kind: "decimal", precision, scale }, values };
}

/** @throws {FormatError} if no database has such a number */
function toNumber(text: string, row: number, where: ColumnPlace): PlainNumber {
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  if (/^-?(NaN|Infinity)$/.test(text)) throw refuse(where, row, `${shown} is no number that a table holds; give null`);
  const number = writeOut(text);
  if (number === undefined || number.whole > MOST_DIGITS)
    throw refuse(where, row, `the number ${shown} is too large, may have ${MOST_DIGITS} digits; give it as text`);
  if (number.scale > MOST_SCALE)
    throw refuse(
      where,
      row,
      `the number ${shown} has ${number.scale} digits after the point, may have ${MOST_SCALE}; round it, or give it as text`,
    );
  return number;
}

const isInt64 = ({ text, whole }: PlainNumber): boolean =>
  whole < 19 || (whole === 19 && BigInt.asIntN(64, BigInt(text)) === BigInt(text));

/** @throws {FormatError} if the text has characters that some database has no place for */
function checkText(text: string, row: number, where: ColumnPlace): string {
  if (text.includes("\0")) throw refuse(where, row, "the text has a NUL character, which databases refuse; remove it");
  if (/\p{Cs}/u.test(text)) throw refuse(where, row, "the text has half of a character (a surrogate); remove it");
  return text;
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether a text is a day of the calendar, from year 1000 on, which all databases have. */
function isDate(text: string): boolean {
  const [, year, month, day] = (/^([1-9]\d{3})-(\d\d)-(\d\d)$/.exec(text) ?? []).map(Number);
  if (year === undefined || month < 1 || month > 12) return false;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day >= 1 && day <= MONTH_DAYS[month - 1] + (isLeap && month === 2 ? 1 : 0);
}

const time = /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.(\d{1,6}))?$/;

/** Undefined if not all are timestamps: a date, a space or a T, a time of day without a zone. */
function typeTimestamps(name: string, values: readonly (string | null)[]): TypedColumn | undefined {
  let scale = 0;
  for (const value of values) {
    if (value === null) continue;
    const found = /[T ]/.test(value[10] ?? "") && isDate(value.slice(0, 10)) ? time.exec(value.slice(11)) : null;
    if (found === null) return undefined;
    scale = Math.max(scale, (found[2] ?? "").length);
  }
  const written = values.map((value) => (value === null ? null : padFraction(value.replace("T", " "), scale)));
  return { column: { name, kind: "timestamp", scale }, values: written };
}
