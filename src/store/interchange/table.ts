/** A number by its digits, so that none of them is lost: those of a file, such as 12345678901234567890.50. */
export interface NumberText {
  readonly digits: string;
}

/** A value as a table is given: a text, a number or nothing. */
export type TableCell = string | number | bigint | NumberText | null;

/** Tables as LeetCode writes them: the names of the columns of each table, and its rows. */
export interface TableCase {
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly rows: Readonly<Record<string, readonly (readonly TableCell[])[]>>;
  /** The file that they come from, for errors. */
  readonly where?: string;
}

/** What the values of a column are. Only tables that others made have reals: floating-point numbers. */
export type ColumnKind = "integer" | "decimal" | "real" | "date" | "timestamp" | "text";

/** A column of a table. */
export interface TableColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  /** Digits before and after the point together; decimals only. */
  readonly precision?: number;
  /** Digits after the point, of decimals and of the seconds of timestamps. */
  readonly scale?: number;
}

/** A table whose values are texts, exact in every digit: `-12.50`, `2026-01-31`, `2026-01-31 08:00:00`; null if empty. */
export interface Table {
  readonly name: string;
  readonly columns: readonly TableColumn[];
  readonly rows: readonly (readonly (string | null)[])[];
}
