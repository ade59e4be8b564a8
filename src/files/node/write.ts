import { randomUUID } from "node:crypto";
import { type FileHandle, open, realpath, rename, rm, stat, readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { EnvironmentError } from "../../tensor/errors.ts";
import { toEnvironmentError } from "./failure.ts";
import { pieceBytes } from "./read.ts";

/** File content: a text, bytes, or chunks of either, produced on demand. */
export type FileContent = string | Uint8Array | Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

/** Options for writing a file. */
export interface WriteOptions {
  /** The new file's permissions, less the process's umask; the system's usual ones if left out. */
  readonly mode?: number;
  /**
   * Surrounds the renaming that gives the file its name, such as by a transaction that proves that this process may still write
   * it. If it throws, what was there before stays.
   */
  readonly guard?: (rename: () => Promise<void>) => Promise<void>;
}

/**
 * Writes a file whole or not at all: into a temporary file beside it, which is flushed to the device and then takes its
 * name. What was there before stays until then, and stays if anything fails; the temporary file is removed. A symbolic
 * link is followed. A device or pipe, which holds nothing to protect, is written to directly.
 *
 * @throws {EnvironmentError} if it cannot be written; whatever the content's own iteration throws is passed on
 */
export async function writeFileAtomically(
  path: string,
  content: FileContent,
  { mode, guard = (work) => work() }: WriteOptions = {},
): Promise<void> {
  const target = await resolveTarget(path);
  if (target.direct) return writeDirectly(path, content);
  const temporary = join(dirname(target.path), `${temporaryStart(target.path)}${randomUUID()}.tmp`);
  try {
    await writeNew(path, { flags: "wx", file: temporary, mode }, content);
    await guard(() => system(path, rename(temporary, target.path)));
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    throw cause;
  }
  await flushFolder(dirname(target.path));
}

/** How the names of a file's temporary files begin. */
const temporaryStart = (path: string): string => `.${basename(path).slice(0, 200)}.`;

/**
 * Removes the temporary files of writers of this file that were killed while they wrote. Only for who holds the lock that
 * those writers held: those of a living one look the same.
 */
export async function removeUnfinished(path: string): Promise<void> {
  const folder = dirname(path);
  const names = await readdir(folder).catch((): readonly string[] => []);
  const isLeft = (name: string): boolean =>
    name.startsWith(temporaryStart(path)) && /^[\da-f-]{36}\.tmp$/.test(name.slice(temporaryStart(path).length));
  await Promise.all(names.filter(isLeft).map((name) => rm(join(folder, name), { force: true }).catch(() => {})));
}

/** The actual target: that of a symbolic link, so that the link is preserved. */
async function resolveTarget(path: string): Promise<{ readonly path: string; readonly direct: boolean }> {
  let known;
  try {
    known = await stat(path);
  } catch {
    return { path, direct: false };
  }
  if (known.isDirectory()) throw new EnvironmentError(path, "cannot write: is a folder, must be a file");
  return known.isFile() ? { path: await realpath(path), direct: false } : { path, direct: true };
}

function writeDirectly(path: string, content: FileContent): Promise<void> {
  return writeNew(path, { flags: "w", file: path }, content);
}

async function writeNew(
  path: string,
  { file, flags, mode }: { readonly file: string; readonly flags: "w" | "wx"; readonly mode?: number | undefined },
  content: FileContent,
): Promise<void> {
  const handle = await system(path, open(file, flags, mode));
  try {
    for await (const chunk of typeof content === "string" || content instanceof Uint8Array ? [content] : content) {
      await writeAll(path, handle, typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk);
    }
    if (flags === "wx") await system(path, handle.sync());
  } finally {
    await handle.close();
  }
}

async function writeAll(path: string, file: FileHandle, bytes: Uint8Array): Promise<void> {
  let offset = 0;
  while (offset < bytes.length) {
    const length = Math.min(pieceBytes, bytes.length - offset);
    const { bytesWritten } = await system(path, file.write(bytes, offset, length));
    offset += bytesWritten;
  }
}

/** Makes the new name itself survive a power failure; not every system allows flushing a folder. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  if (handle === undefined) return;
  await handle.sync().catch(() => {});
  await handle.close();
}

async function system<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw toEnvironmentError(path, "cannot write", cause);
  }
}
