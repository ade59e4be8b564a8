import type { ReportSection } from "./report.ts";
import type { Words } from "./words.ts";

/** Something that is known of where a network comes from. */
export interface OriginFact {
  readonly term: Words;
  readonly text: Words;
}

/** The training run behind a network. */
export interface NetworkOrigin {
  /** Its id and name. */
  readonly run?: string;
  /** Data, recipe, date, machine and device. */
  readonly origin?: readonly OriginFact[];
}

/** Where a network comes from, at the end of a report; nothing if no run is known. */
export function originSections({ run, origin }: NetworkOrigin): readonly ReportSection[] {
  if (run === undefined) return [];
  const note = { en: `Run ${run} of the run store.`, zh: `运行记录 ${run}。` };
  return [
    {
      heading: { en: "Origin", zh: "来源" },
      parts: [origin === undefined ? { kind: "note", text: note } : { kind: "list", items: origin }],
    },
  ];
}
