import Table from "cli-table3";
import pc from "picocolors";
import { escapeControls } from "../tensor/printable.ts";

/** Bold, dim and their end: what this program styles with. Nothing else that a text holds may reach the terminal's controls. */
const styles = new RegExp(`(${String.fromCharCode(27)}\\[(?:1|2|22)m)`);

/**
 * Text that may hold names from files, fit for one line of a terminal: characters that control it, break the line or turn its
 * direction are written as `\\u001b`.
 */
export function toLine(text: string): string {
  return text
    .split(styles)
    .map((part, index) => (index % 2 === 1 ? part : escapeControls(part)))
    .join("");
}

/** Prints the command's one JSON document, in which JSON's own escapes stand for characters that control a terminal. */
export function printJson(value: unknown): void {
  const lines = JSON.stringify(value, undefined, 2).split("\n");
  process.stdout.write(`${lines.map(escapeControls).join("\n")}\n`);
}

/** Prints one line to standard output. */
export function print(text = ""): void {
  process.stdout.write(`${toLine(text)}\n`);
}

/** Prints lines, such as a table's; a line break in a name must have been escaped by who laid them out. */
export function printLines(text: string): void {
  text.split("\n").forEach(print);
}

/** Prints a message to standard error, apart from the result, in one line. */
export function say(text = ""): void {
  process.stderr.write(`${toLine(text)}\n`);
}

/** A column of a printed table. */
export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly align?: "left" | "right";
}

/** Aligns rows under their columns' titles, without frames: easy to read and to paste. */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const bare = {
    top: "",
    "top-mid": "",
    "top-left": "",
    "top-right": "",
    bottom: "",
    "bottom-mid": "",
    "bottom-left": "",
    "bottom-right": "",
  };
  const inner = { left: "", "left-mid": "", mid: "", "mid-mid": "", right: "", "right-mid": "", middle: "  " };
  const table = new Table({
    head: columns.map((column) => pc.bold(toLine(column.title))),
    colAligns: columns.map((column) => column.align ?? "left"),
    chars: { ...bare, ...inner },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  for (const row of rows) table.push(columns.map((column) => toLine(column.value(row))));
  return table.toString();
}

/** 1,234,567 */
export function formatCount(value: number): string {
  return value.toLocaleString("en-US");
}

/** 40.8 M, 1.82 G: three digits and a unit. */
export function formatLarge(value: number): string {
  const units: readonly (readonly [number, string])[] = [
    [1e9, " G"],
    [1e6, " M"],
    [1e3, " k"],
  ];
  const [scale, unit] = units.find(([threshold]) => value >= threshold) ?? [1, ""];
  return `${Number((value / scale).toPrecision(3))}${unit}`;
}

/** 3 min 20 s, 45 s */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
