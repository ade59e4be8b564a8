import Table from "cli-table3";
import pc from "picocolors";

/** Prints the command's one JSON document. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** Prints to standard output. */
export function print(text = ""): void {
  process.stdout.write(`${text}\n`);
}

/** Prints a message to standard error, apart from the result. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
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
    head: columns.map((column) => pc.bold(column.title)),
    colAligns: columns.map((column) => column.align ?? "left"),
    chars: { ...bare, ...inner },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  for (const row of rows) table.push(columns.map((column) => column.value(row)));
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
