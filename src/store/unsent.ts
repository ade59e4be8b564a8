import { toEnvironmentError } from "../files/node.ts";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";
import { join } from "node:path";
import { decodeNumber, encodeJson } from "./json.ts";
import { currentProcess, isProcessGone, type ProcessIdentity } from "../files/node/process.ts";
import { nameInChange } from "./named-measures.ts";
import { type RunChange, type RunStore, saveRun } from "./run-store.ts";

/** The first line of a buffer file: the target store and the owning process. */
interface UnsentHead {
  readonly store: string;
  readonly owner: ProcessIdentity;
}

/**
 * Buffers a run change in a file until its store is reachable again: one line per change, complete or not at all.
 *
 * @param store the store's description, without a password
 * @throws {EnvironmentError} if the file cannot be written
 */
export function keepUnsent(folder: string, store: string, change: RunChange): void {
  const path = join(folder, `${change.run.id}.jsonl`);
  const size = existsSync(path) ? statSync(path).size : 0;
  const head: UnsentHead = { store, owner: currentProcess() };
  // After a blank line, so that an unfinished line from a killed process does not swallow the next.
  const start = size === 0 ? encodeJson(head) : "";
  try {
    mkdirSync(folder, { recursive: true });
    appendFileSync(path, `${start}\n${encodeJson(change)}\n`);
  } catch (cause) {
    takeBack(path, size);
    throw toEnvironmentError(path, "cannot write", cause);
  }
}

/** A full disk accepts only part of a write. */
function takeBack(path: string, size: number): void {
  try {
    if (size === 0) rmSync(path, { force: true });
    else truncateSync(path, size);
  } catch {
    // The unfinished line then stays, and is skipped.
  }
}

/** The senders of this process take turns, so that none writes an older state of a run over a newer one. */
let turn: Promise<unknown> = Promise.resolve();

/** Sends the buffered changes to their store, except those of other live processes. @returns how many runs */
export function sendUnsent(folder: string, store: RunStore): Promise<number> {
  const sent = turn.then(() => sendAll(folder, store));
  turn = sent.catch(() => undefined);
  return sent;
}

async function sendAll(folder: string, store: RunStore): Promise<number> {
  if (!existsSync(folder)) return 0;
  const own = currentProcess();
  let runs = 0;
  for (const name of readdirSync(folder).toSorted()) {
    if (!name.endsWith(".jsonl")) continue;
    const path = join(folder, name);
    const head = parseLine<UnsentHead>(readLines(path)[0]);
    const isOurs = head?.owner?.process === own.process || (head?.owner && isProcessGone(head.owner) !== false);
    if (head?.store !== store.description || !isOurs) continue;
    await sendFile(path, store);
    runs++;
  }
  return runs;
}

/** Sends the changes of a file, those that are appended meanwhile too, and removes it. */
async function sendFile(path: string, store: RunStore): Promise<void> {
  for (let sent = 1; ;) {
    const lines = readLines(path).slice(sent);
    // Nothing can be appended between this look and the removal.
    if (lines.length === 0) return rmSync(path, { force: true });
    for (const line of lines) {
      const change = parseLine<RunChange>(line);
      if (change !== undefined) await saveRun(store, nameInChange(withNumbers(change)));
    }
    sent += lines.length;
  }
}

/** None if another process has sent and removed the file. */
const readLines = (path: string): readonly string[] => (existsSync(path) ? readFileSync(path, "utf8").split("\n") : []);

function parseLine<T>(line: string | undefined): T | undefined {
  try {
    return JSON.parse(line ?? "") as T;
  } catch {
    return undefined;
  }
}

/** JSON has NaN and the infinities as texts. */
function withNumbers(change: RunChange): RunChange {
  return { ...change, metrics: change.metrics.map((row) => ({ ...row, value: decodeNumber(row.value) })) };
}
