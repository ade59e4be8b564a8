import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { KeyObject } from "node:crypto";
import { toEnvironmentError } from "../../../files/node.ts";
import { type ChainHead, hashLine, verifyChain } from "./chain.ts";
import { readHead, type SignedHead } from "./head.ts";
import { rotatedFiles } from "./log.ts";

/** What can be said of a log. */
export type AuditVerdict =
  | {
      readonly kind: "whole";
      readonly lines: number;
      readonly head: ChainHead;
      /** The first line that a deleted, rotated file does not hold any more. */
      readonly from: number;
      /** The head that was checked against, and how many lines came after it, of which none is proved to be the last. */
      readonly proved?: { readonly head: SignedHead; readonly after: number };
    }
  | { readonly kind: "broken"; readonly file: string; readonly line: number; readonly reason: string };

/**
 * Checks a log, with the files that were put aside: that no line was changed, taken out or put in, and, against a signed head
 * that was kept elsewhere, that its end is not missing up to that head.
 *
 * @throws {EnvironmentError} if a file cannot be read
 * @throws {VerificationError} if the head is not the key's
 */
export async function verifyAudit(
  file: string,
  proof?: { readonly head: string; readonly key: KeyObject },
): Promise<AuditVerdict> {
  const wanted = proof === undefined ? undefined : await readHead(proof.head, proof.key);
  let head: ChainHead | undefined;
  let lines = 0;
  let from: number | undefined;
  let isProved = wanted?.sequence === -1;
  for (const path of [...(await rotatedFiles(file)).map(({ path: own }) => own), file]) {
    const watched = watch(readLines(path), (text) => {
      const { sequence } = parse(text);
      from ??= sequence;
      if (wanted !== undefined && sequence === wanted.sequence && hashLine(text) === wanted.hash) isProved = true;
    });
    const verdict = await verifyChain(watched, head);
    if (verdict.kind === "broken") return { ...verdict, file: path };
    lines += verdict.lines;
    if (verdict.lines > 0) head = verdict.head;
  }
  const end = head ?? { sequence: -1, hash: "" };
  if (wanted !== undefined && !isProved) {
    const isShort = end.sequence < wanted.sequence;
    const reason = isShort
      ? `ends with line ${end.sequence}, but the head of ${wanted.time} was line ${wanted.sequence}: its end was cut off`
      : `has another line ${wanted.sequence} than the head of ${wanted.time} says`;
    return { kind: "broken", file, line: end.sequence + 1, reason };
  }
  return {
    kind: "whole",
    lines,
    head: end,
    from: from ?? 0,
    ...(wanted === undefined ? {} : { proved: { head: wanted, after: end.sequence - wanted.sequence } }),
  };
}

function parse(text: string): { readonly sequence?: number } {
  try {
    return JSON.parse(text) as { readonly sequence?: number };
  } catch {
    return {};
  }
}

async function* watch(lines: AsyncIterable<string>, see: (text: string) => void): AsyncIterable<string> {
  for await (const text of lines) {
    see(text);
    yield text;
  }
}

async function* readLines(path: string): AsyncIterable<string> {
  const stream = createReadStream(path, "utf8");
  try {
    yield* createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (error) {
    throw toEnvironmentError(path, "cannot read", error);
  } finally {
    stream.destroy();
  }
}
