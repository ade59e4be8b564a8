import type { Figure } from "./figures.ts";
import type { Words } from "./words.ts";

/** A verdict in a word or two, with what it is about. */
export interface Badge {
  /** Stands on its colour. */
  readonly tone: "good" | "bad" | "neutral";
  readonly label: Words;
  readonly about?: Words;
}

/** Text between figures. */
export type ReportText =
  | { readonly kind: "text"; readonly text: Words }
  /** Small print: how something was run. */
  | { readonly kind: "note"; readonly text: Words }
  /** Sentences that are there for those who ask: folded until then. */
  | { readonly kind: "details"; readonly summary: Words; readonly items: readonly Words[] }
  | { readonly kind: "badges"; readonly badges: readonly Badge[] }
  | { readonly kind: "list"; readonly items: readonly { readonly term?: Words; readonly text: Words }[] };

/** A part of a report: a heading and what stands under it. */
export interface ReportSection {
  readonly heading: Words;
  /** Begins a report within a page of several. */
  readonly isChapter?: boolean;
  /** Closed until its heading is pressed: for those who want to know more. */
  readonly isFolded?: boolean;
  readonly parts: readonly (ReportText | Figure)[];
}

/** What a page says and shows. `renderReport` of residua/lab/node makes the page. */
export interface Report {
  readonly title: Words;
  /** The answer, in sentences, before anything else. */
  readonly lead: readonly Words[];
  /** What belongs to the lead: badges stand above it, all else below. */
  readonly opening?: readonly ReportText[];
  readonly sections: readonly ReportSection[];
}

/** What stands at the head of a report: badges, the lead, and the rest. */
export function openReport({ lead, opening = [] }: Report): readonly ReportText[] {
  const isBadges = ({ kind }: ReportText): boolean => kind === "badges";
  return [
    ...opening.filter(isBadges),
    ...lead.map((text): ReportText => ({ kind: "text", text })),
    ...opening.filter((part) => !isBadges(part)),
  ];
}

/** Joins several reports into one page, each a chapter of it. Figure names get their report's number as a prefix. */
export function joinReports(title: Words, reports: readonly Report[]): Report {
  const rename = (part: ReportText | Figure, index: number): ReportText | Figure =>
    "name" in part ? { ...part, name: `${index + 1}-${part.name}` } : part;
  return {
    title,
    // The answer of each.
    lead: reports.flatMap(({ lead }) => lead.slice(0, 1)),
    sections: reports.flatMap((report, index): readonly ReportSection[] => [
      { heading: report.title, isChapter: true, parts: openReport(report) },
      ...report.sections.map((section) => ({ ...section, parts: section.parts.map((part) => rename(part, index)) })),
    ]),
  };
}
