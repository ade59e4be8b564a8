import { type KeyObject } from "node:crypto";
import { open, readdir, rename, stat, unlink, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { toEnvironmentError, writeFileAtomically } from "../../../files/node.ts";
import { FormatError } from "../../../tensor/errors.ts";
import { type AuditEntry, type ChainHead, hashLine, START, writeLine } from "./chain.ts";
import { signHead } from "./head.ts";

/** How a log is kept. */
export interface AuditOptions {
  readonly file: string;
  /** Bytes after which the file is put aside, under its name and the number of its first line. */
  readonly maxBytes: number;
  /** Days after which a file that was put aside is deleted. */
  readonly keepDays: number;
  /** Signs heads; without it there are none. */
  readonly key?: KeyObject;
  /** Called for each entry that could not be written. */
  readonly onLost: (error: Error) => void;
}

/** A log of requests in which every line carries the hash of the one before. */
export interface AuditLog {
  /** Appends an entry; entries are written in the order of the calls, many at once if they come fast. */
  readonly write: (entry: AuditEntry) => void;
  /** Why the last write failed; undefined if it did not. */
  readonly failure: () => Error | undefined;
  /** Resolves when all that was appended is on the disk, or lost. */
  readonly flushed: () => Promise<void>;
  readonly head: () => ChainHead;
  readonly close: () => Promise<void>;
}

const HEAD_MILLISECONDS = 60_000;
const DAY = 86_400_000;
const LONGEST_LINE = 65_536;

/**
 * Opens a log, and goes on where it ends. A line that was cut off by a crash is taken out, and a mark says so.
 *
 * @throws {EnvironmentError} if the file cannot be written
 * @throws {FormatError} if it is something else than a log
 */
export async function openAuditLog(options: AuditOptions): Promise<AuditLog> {
  const { file, key, onLost } = options;
  let handle = await openForAppending(file);
  const { head: found, wasCut } = await continueChain(handle, file).catch(async (error: unknown) => {
    await handle.close();
    throw error;
  });
  /** What the next line follows. */
  let head = found;
  /** The last line that is in the file: no other is ever signed. */
  let written = found;
  let first = found.sequence + 1;
  let size = (await handle.stat()).size;
  let failure: Error | undefined;
  let pending: string[] = [];
  let writing: Promise<void> | undefined;
  let lost = 0;

  const append = (entry: AuditEntry | { readonly time: string; readonly mark: string }): void => {
    const text = writeLine({ sequence: head.sequence + 1, previous: head.hash, entry });
    head = { sequence: head.sequence + 1, hash: hashLine(text) };
    pending.push(`${text}\n`);
    writing ??= writeAll().finally(() => (writing = undefined));
  };

  const writeAll = async (): Promise<void> => {
    // After what comes in the same turn.
    await Promise.resolve();
    while (pending.length > 0) {
      const lines = pending;
      const end = head;
      pending = [];
      try {
        if (size > options.maxBytes) await rotate();
        const bytes = Buffer.from(lines.join(""));
        await writeWhole(handle, bytes, size);
        size += bytes.length;
        written = end;
        failure = undefined;
        if (lost > 0) append({ time: new Date().toISOString(), mark: `${lost} entries before this line were lost` });
        lost = 0;
      } catch (error) {
        failure = toEnvironmentError(file, "cannot write", error);
        // The chain goes on after the last line that is there; a mark says what is missing.
        await handle.truncate(size).catch(() => undefined);
        written = (await continueChain(handle, file).catch(() => ({ head: written }))).head;
        head = written;
        const count = lines.length + pending.length;
        pending = [];
        lost += count;
        for (let entry = 0; entry < count; entry++) onLost(failure);
      }
    }
  };

  const rotate = async (): Promise<void> => {
    await writeHead();
    const aside = `${file}.${first}`;
    await rename(file, aside);
    const full = handle;
    try {
      handle = await openForAppending(file);
    } catch (error) {
      await rename(aside, file);
      throw error;
    }
    await full.close();
    size = 0;
    // Lines that are about to be written come first in the new file.
    first = written.sequence + 1;
    await deleteOld(options);
  };

  const writeHead = async (): Promise<void> => {
    const end = written;
    // What is signed must outlast a crash of the machine.
    await handle.sync();
    if (key === undefined) return;
    const signedHead = signHead(end, new Date().toISOString(), key);
    await writeFileAtomically(`${file}.head`, `${JSON.stringify(signedHead)}\n`);
  };

  const flushed = async (): Promise<void> => {
    if (writing === undefined) return;
    await writing;
    return flushed();
  };
  let ended: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    clearInterval(minute);
    append({ time: new Date().toISOString(), mark: "ended" });
    await flushed();
    await writeHead();
    await handle.close();
  };
  const minute = setInterval(() => void writeHead().catch(onLost), HEAD_MILLISECONDS);
  minute.unref();

  await deleteOld(options);
  if (wasCut) append({ time: new Date().toISOString(), mark: "a line that a crash had cut off was taken out" });
  append({ time: new Date().toISOString(), mark: "started" });
  await flushed();
  if (failure !== undefined) throw failure;
  return {
    write: append,
    failure: () => failure,
    flushed,
    head: () => head,
    // A server may be told twice to close; the log ends once.
    close: () => (ended ??= end()),
  };
}

async function openForAppending(file: string): Promise<FileHandle> {
  try {
    const before = await stat(file).catch(() => undefined);
    if (before !== undefined && !before.isFile()) throw new FormatError(file, "is no regular file; name another");
    return await open(file, before === undefined ? "wx+" : "r+", 0o600);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw toEnvironmentError(file, "cannot write", error);
  }
}

async function writeWhole(handle: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}

/** The end of a log's chain; takes a line out that has no end. */
async function continueChain(
  handle: FileHandle,
  file: string,
): Promise<{ readonly head: ChainHead; readonly wasCut: boolean }> {
  const { size } = await handle.stat();
  if (size === 0) return { head: await headOfRotated(file), wasCut: false };
  const length = Math.min(size, 2 * LONGEST_LINE);
  const tail = Buffer.alloc(length);
  await handle.read(tail, 0, length, size - length);
  const text = tail.toString("utf8");
  const end = text.lastIndexOf("\n");
  const wasCut = end !== text.length - 1;
  if (wasCut) await handle.truncate(size - Buffer.byteLength(text.slice(end + 1)));
  if (end < 0) return { head: await headOfRotated(file), wasCut };
  const line = text.slice(text.lastIndexOf("\n", end - 1) + 1, end);
  try {
    const { sequence } = JSON.parse(line) as { readonly sequence?: unknown };
    if (Number.isSafeInteger(sequence)) return { head: { sequence: sequence as number, hash: hashLine(line) }, wasCut };
  } catch {
    // Said below.
  }
  throw new FormatError(file, "is no audit log of Residua's; name another file");
}

/** Files that were put aside, oldest first, with the number of their first line. */
export async function rotatedFiles(
  file: string,
): Promise<readonly { readonly path: string; readonly first: number }[]> {
  const name = `${basename(file)}.`;
  const entries = await readdir(dirname(file)).catch(() => []);
  return entries
    .filter((entry) => entry.startsWith(name) && /^\d+$/.test(entry.slice(name.length)))
    .map((entry) => ({ path: join(dirname(file), entry), first: Number(entry.slice(name.length)) }))
    .toSorted((a, b) => a.first - b.first);
}

/** The end of what was put aside last, which an empty file goes on from. */
async function headOfRotated(file: string): Promise<ChainHead> {
  const last = (await rotatedFiles(file)).at(-1);
  if (last === undefined) return { sequence: -1, hash: START };
  const handle = await open(last.path, "r+");
  try {
    return (await continueChain(handle, last.path)).head;
  } finally {
    await handle.close();
  }
}

async function deleteOld({ file, keepDays }: AuditOptions): Promise<void> {
  const before = Date.now() - keepDays * DAY;
  for (const { path } of await rotatedFiles(file)) {
    const { mtimeMs } = await stat(path);
    if (mtimeMs < before) await unlink(path);
  }
}
