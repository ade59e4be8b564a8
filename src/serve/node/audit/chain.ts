import { createHash } from "node:crypto";
import * as v from "valibot";
import { canonicalJson } from "../../../tensor/canonical-json.ts";

/** What is written down of a request; never its body, never a key. */
export interface AuditEntry {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly client: string | null;
  readonly address: string | null;
  readonly method: string;
  readonly path: string;
  readonly model: string | null;
  readonly version: string | null;
  readonly sha256: string | null;
  readonly decision: "allowed" | "refused";
  /** What decided, such as `key` or `address`. */
  readonly rule: string;
  readonly status: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly milliseconds: number;
}

/** A line of the log: an entry, or a mark such as that of a start. */
export interface AuditLine {
  readonly sequence: number;
  /** SHA-256 of the line before it, as it is written; zeros for the first. */
  readonly previous: string;
  readonly entry: AuditEntry | { readonly time: string; readonly mark: string };
}

/** What stands before the first line. */
export const START: string = "0".repeat(64);

const lineSchema = v.strictObject({
  sequence: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  previous: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  entry: v.looseObject({ time: v.string() }),
});

/** A line as it is written, without its end. */
export function writeLine(line: AuditLine): string {
  return canonicalJson(line);
}

/** What the next line carries of this one. */
export function hashLine(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** The end of a chain: what a head signs. */
export interface ChainHead {
  /** Of the last line; −1 before the first. */
  readonly sequence: number;
  readonly hash: string;
}

/** How a log stands to its chain. */
export type ChainVerdict =
  | { readonly kind: "whole"; readonly lines: number; readonly head: ChainHead }
  | { readonly kind: "broken"; readonly line: number; readonly reason: string };

/**
 * Checks that each line follows the one before: a line that was changed, taken out or put in is named.
 *
 * @param lines texts of the lines, oldest first
 * @param from what the first line follows, if the log was rotated
 */
export async function verifyChain(
  lines: AsyncIterable<string> | Iterable<string>,
  from?: ChainHead,
): Promise<ChainVerdict> {
  let head: ChainHead | undefined = from;
  let count = 0;
  for await (const text of lines) {
    count++;
    const broken = (reason: string): ChainVerdict => ({ kind: "broken", line: count, reason });
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return broken("is no JSON");
    }
    const parsed = v.safeParse(lineSchema, value);
    if (!parsed.success) return broken("is no line of an audit log");
    const { sequence, previous } = parsed.output;
    head ??= { sequence: sequence - 1, hash: previous };
    if (sequence !== head.sequence + 1)
      return broken(`has the number ${sequence}, must have ${head.sequence + 1}: lines are missing or were added`);
    if (previous !== head.hash) return broken("does not follow the line before: one of the two was changed");
    head = { sequence, hash: hashLine(text) };
  }
  return { kind: "whole", lines: count, head: head ?? { sequence: -1, hash: START } };
}
