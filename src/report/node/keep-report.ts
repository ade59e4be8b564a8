import { FormatError } from "../../tensor/errors.ts";
import type { Figure } from "../figures.ts";
import type { Report } from "../report.ts";

const OPEN = '<script type="application/json" id="report">';
const CLOSE = "</script>";
/** What a drawing must not contain: it comes from another file and enters the page unchanged. */
const active = /<script|<foreignobject|\son\w+\s*=|javascript:/i;

/** A report as data inside its own page, so that pages can be put together again. */
export function encodeReport(report: Report): string {
  // A Buffer would turn itself into a list of numbers before it is asked for.
  const json = JSON.stringify(report, function (this: Readonly<Record<string, unknown>>, key, value: unknown) {
    const held = this[key];
    if (held instanceof Uint8Array) return { base64: Buffer.from(held).toString("base64") };
    return typeof value === "number" && !Number.isFinite(value) ? { number: String(value) } : value;
  });
  // Within a script nothing but its end has a meaning.
  return OPEN + json.replaceAll("<", "\\u003c") + CLOSE;
}

/**
 * Reads the report out of a page that {@link encodeReport} is part of. Every text of it is written as text again; drawings
 * are refused where they could act.
 *
 * @param where the file's name, for errors
 * @throws {FormatError} if there is none, or it is damaged
 */
export function decodeReport(page: string, where: string): Report {
  const start = page.indexOf(OPEN);
  const end = page.indexOf(CLOSE, start);
  if (start < 0 || end < 0) throw new FormatError(where, "is not a Residua report, or was written by an older version");
  let report: Report;
  try {
    report = JSON.parse(page.slice(start + OPEN.length, end), revive) as Report;
    // What is missing shows where it is used first.
    for (const { parts } of report.sections) for (const part of parts) if ("svg" in part) requireInert(part.svg, where);
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    throw new FormatError(where, "is damaged: its report cannot be read", { cause });
  }
  return report;
}

function revive(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Object.keys(value).length !== 1) return value;
  if ("base64" in value && typeof value.base64 === "string") return new Uint8Array(Buffer.from(value.base64, "base64"));
  return "number" in value ? Number(value.number) : value;
}

function requireInert(svg: Extract<Figure, { kind: "drawing" }>["svg"], where: string): void {
  if (active.test(svg)) throw new FormatError(where, "holds a drawing that could run a program, and is refused");
}
