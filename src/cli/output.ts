import Table from "cli-table3";
import pc from "picocolors";
import type { Words } from "../report/words.ts";
import { escapeControls } from "../tensor/printable.ts";
import { spoken, spokenMessage } from "./lang/language.ts";

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
export function print(words: Words = ""): void {
  process.stdout.write(`${toLine(spoken(words))}\n`);
}

/** Prints lines, such as a table's; a line break in a name must have been escaped by who laid them out. */
export function printLines(text: string): void {
  for (const line of text.split("\n")) print(line);
}

/** Prints a message to standard error, apart from the result, in one line. */
export function say(words: Words = ""): void {
  process.stderr.write(`${toLine(spoken(words))}\n`);
}

/** Says what the library notes, in its English or as far as that can be translated. */
export function sayMessage(english: string): void {
  say(spokenMessage(english));
}

/** A column of a printed table. */
export interface Column<Row> {
  readonly title: Words;
  readonly value: (row: Row) => Words;
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
    head: columns.map((column) => pc.bold(toLine(spoken(column.title)))),
    colAligns: columns.map((column) => column.align ?? "left"),
    chars: { ...bare, ...inner },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  for (const row of rows) table.push(columns.map((column) => toLine(spoken(column.value(row)))));
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

/** 4.65 kB, 768 B */
export function formatBytes(bytes: number): string {
  return `${formatLarge(bytes)}${bytes < 1e3 ? " " : ""}B`;
}

/** 1 image, 2 images: an English noun after its number. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** 3 min 20 s, 45 s; 3 分 20 秒 */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [second, minute, hour] = [" s", " min", " h"].map((unit, index) =>
    spoken({ en: unit, zh: [" 秒", " 分", " 小时"][index] }),
  );
  if (whole < 60) return `${whole}${second}`;
  if (whole < 3600) return `${Math.floor(whole / 60)}${minute} ${whole % 60}${second}`;
  return `${Math.floor(whole / 3600)}${hour} ${Math.floor((whole % 3600) / 60)}${minute}`;
}
