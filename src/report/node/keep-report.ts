import { checkPlainData } from "../../files/schema.ts";
import { FormatError } from "../../tensor/errors.ts";
import type { Report, ReportSection } from "../report.ts";
import { reportSchema } from "../schema.ts";
import { rebuildDrawing } from "./inert-svg.ts";

const OPEN = '<script type="application/json" id="report">';
const CLOSE = "</script>";

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
 * Reads the report out of a page that {@link encodeReport} is part of. The page is not trusted: its report must be what a report
 * is, and its drawings are rebuilt from shapes and texts.
 *
 * @param where the file's name, for errors
 * @throws {FormatError} if there is none, it is damaged, or a drawing holds anything else
 */
export function decodeReport(page: string, where: string): Report {
  const start = page.indexOf(OPEN);
  const end = page.indexOf(CLOSE, start);
  if (start < 0 || end < 0) throw new FormatError(where, "is not a Residua report, or was written by an older version");
  let data: unknown;
  try {
    data = JSON.parse(page.slice(start + OPEN.length, end), revive);
  } catch (cause) {
    throw new FormatError(where, "is damaged: its report cannot be read", { cause });
  }
  const report = checkPlainData(
    reportSchema,
    data,
    ({ path, detail }) => new FormatError(where, `is damaged: ${path === "" ? "its report" : path} ${detail}`),
  );
  const rebuild = (part: ReportSection["parts"][number]): ReportSection["parts"][number] =>
    part.kind === "drawing" ? { ...part, svg: rebuildDrawing(part.svg, where) } : part;
  return {
    ...report,
    sections: report.sections.map((section) => ({ ...section, parts: section.parts.map(rebuild) })),
  };
}

const notFinite: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity, "-Infinity": -Infinity };

/** What {@link encodeReport} writes for what JSON has not; anything else stays as it is, for the schema to refuse. */
function revive(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Object.keys(value).length !== 1) return value;
  if ("base64" in value && typeof value.base64 === "string") return new Uint8Array(Buffer.from(value.base64, "base64"));
  if ("number" in value && typeof value.number === "string" && Object.hasOwn(notFinite, value.number))
    return notFinite[value.number];
  return value;
}
