/** A number is written as JavaScript shows it, NaN and the infinities too; null is an empty cell. */
export type CsvCell = string | number | null;

/** Spreadsheets treat such prefixes as a formula. */
const isFormula = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/;
/** As JavaScript or a reader of tables writes it; "+0x1" and "" are none. */
const isNumber = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$|^-Infinity$/i;
const needsQuotes = /[",\r\n]/;

function encodeCell(cell: CsvCell): string {
  if (cell === null) return "";
  if (typeof cell === "number") return String(cell);
  // A text that is a number, such as "-0.5", is none.
  const text = isFormula.test(cell) && !isNumber.test(cell) ? `'${cell}` : cell;
  return quoteText(text);
}

function quoteText(text: string): string {
  return needsQuotes.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Rows as comma-separated values, quoted as RFC 4180 has it. Lines end with a line feed, which every reader takes and Unix tools
 * expect. A text that a spreadsheet would run as a formula gets an apostrophe in front.
 */
export function encodeCsv(rows: readonly (readonly CsvCell[])[]): string {
  return rows.map((row) => `${row.map(encodeCell).join(",")}\n`).join("");
}

/**
 * Rows as {@link encodeCsv} writes them, but every text exactly as it is, for programs that read it back: an empty text is `""`,
 * which an empty cell is not.
 */
export function encodeExactCsv(rows: readonly (readonly (string | null)[])[]): string {
  const encode = (cell: string | null): string => (cell === null ? "" : cell === "" ? '""' : quoteText(cell));
  return rows.map((row) => `${row.map(encode).join(",")}\n`).join("");
}
