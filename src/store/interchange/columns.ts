import { fitsDouble, writeOut } from "./numbers.ts";
import type { ColumnKind, Table } from "./table.ts";

/** A column's values in order; null if empty. */
export type ColumnValues = readonly (number | bigint | string | null)[];

/**
 * A table's columns by name. Integers are numbers if all are within ±2⁵³, else bigints; decimals are numbers if the nearest
 * float64 has all their digits, else texts; dates, timestamps and texts are texts.
 */
export function tableToColumns({ columns, rows }: Table): ReadonlyMap<string, ColumnValues> {
  return new Map(
    columns.map(({ name, kind }, index) => {
      const values = rows.map((row) => row[index]);
      return [name, kind === "integer" ? toIntegers(values) : isNumeric(kind) ? toNumbers(values) : values];
    }),
  );
}

const isNumeric = (kind: ColumnKind): boolean => kind === "decimal" || kind === "real";

/** Other than integers, SQLite may hold texts in such a column. */
function toIntegers(values: readonly (string | null)[]): ColumnValues {
  const isInteger = (value: string): boolean => /^-?\d+$/.test(value);
  const isSafe = values.every((value) => value === null || !isInteger(value) || Number.isSafeInteger(Number(value)));
  return values.map((value) => (value === null || !isInteger(value) ? value : isSafe ? Number(value) : BigInt(value)));
}

function toNumbers(values: readonly (string | null)[]): ColumnValues {
  const isExact = values.every((value) => value === null || isDouble(value));
  return isExact ? values.map((value) => (value === null ? null : Number(value))) : values;
}

/** As databases write a float64, or a decimal number of no more digits. */
function isDouble(text: string): boolean {
  const plain = writeOut(text);
  return plain === undefined ? /^-?(NaN|Infinity)$/.test(text) || /e/i.test(text) : fitsDouble(plain);
}
