import type { Figure } from "./figures.ts";
import type { Words } from "./words.ts";

/** Text between figures. */
export type ReportText =
  | { readonly kind: "text"; readonly text: Words }
  /** Small print: how something was run. */
  | { readonly kind: "note"; readonly text: Words }
  | { readonly kind: "list"; readonly items: readonly { readonly term?: Words; readonly text: Words }[] };

/** A part of a report: a heading and what stands under it. */
export interface ReportSection {
  readonly heading: Words;
  readonly parts: readonly (ReportText | Figure)[];
}

/** What a page says and shows. `renderReport` of residua/lab/node makes the page. */
export interface Report {
  readonly title: Words;
  /** The answer, in sentences, before anything else. */
  readonly lead: readonly Words[];
  readonly sections: readonly ReportSection[];
}

/** Joins several reports into one page. Figure names get their report's number as a prefix. */
export function joinReports(title: Words, reports: readonly Report[]): Report {
  const rename = (part: ReportText | Figure, index: number): ReportText | Figure =>
    "name" in part ? { ...part, name: `${index + 1}-${part.name}` } : part;
  return {
    title,
    lead: reports[0]?.lead ?? [],
    sections: reports.flatMap((report, index): readonly ReportSection[] => [
      ...(index === 0
        ? []
        : [{ heading: report.title, parts: report.lead.map((text): ReportText => ({ kind: "text", text })) }]),
      ...report.sections.map(({ heading, parts }) => ({ heading, parts: parts.map((part) => rename(part, index)) })),
    ]),
  };
}
