import { randomUUID } from "node:crypto";
import { access, constants, type FileHandle, mkdir, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { EnvironmentError } from "../../tensor/errors.ts";

/** What goes into a file: a text, bytes, or pieces of either, made as they are needed. */
export type FileContent = string | Uint8Array | Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

/** How a file is written. */
export interface WriteOptions {
  /** The new file's permissions, less the process's mask; the system's usual ones if left out. */
  readonly mode?: number;
}

/** How much of a file is read or written by one call to the system. */
const pieceBytes = 2 ** 26;

/** 2 GiB less one byte: what is read into memory as a whole at most, unless another limit is given. */
export const largestFile: number = 2 ** 31 - 1;

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOSPC: "no space is left on the device; free some and try again",
  EDQUOT: "the disk quota is used up; free some space and try again",
  EROFS: "the file system is read-only",
  EEXIST: "a file of this name is in the way",
  EISDIR: "is a folder, must be a file",
  ENOTDIR: "a part of the path is a file, must be a folder",
  ENAMETOOLONG: "the name is too long",
  EFBIG: "the file system takes no files of this size",
  EMFILE: "too many files are open",
  ENFILE: "too many files are open",
  EBUSY: "the file is in use",
  EIO: "the device failed",
  ELOOP: "symbolic links go round in a circle",
};

/**
 * Says in one line what the system refused.
 *
 * @param path the file or folder it is about
 * @param action what was tried, such as "cannot read"
 * @param cause what was thrown; its `code` decides the words
 */
export function toEnvironmentError(path: string, action: string, cause: unknown): EnvironmentError {
  if (cause instanceof EnvironmentError) return cause;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const message = cause instanceof Error ? cause.message.replace(/\s+/g, " ") : String(cause);
  return new EnvironmentError(path, `${action}: ${reasons[code] ?? (code === "" ? message : `${message} (${code})`)}`, {
    cause,
  });
}

/**
 * Reads a whole file into memory.
 *
 * @param limit the most bytes it may have; 2 GiB if left out
 * @throws {EnvironmentError} if it cannot be read, is no regular file or is larger than `limit`
 */
export async function readFileBytes(path: string, limit: number = largestFile): Promise<Uint8Array<ArrayBuffer>> {
  try {
    // Asked before opening, which would wait at a pipe.
    const before = await stat(path);
    if (before.isDirectory()) throw new EnvironmentError(path, "cannot read: is a folder, must be a file");
    if (!before.isFile()) throw new EnvironmentError(path, "cannot read: is a device or pipe, must be a regular file");
    if (before.size > limit) {
      throw new EnvironmentError(
        path,
        `cannot read: takes ${before.size} bytes, at most ${limit} are read into memory`,
      );
    }
    const file = await open(path, "r");
    try {
      return await readAll(file, path, before.size);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw toEnvironmentError(path, "cannot read", cause);
  }
}

async function readAll(file: FileHandle, path: string, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(size);
  let offset = 0;
  while (offset < size) {
    const { bytesRead } = await file.read(bytes, offset, Math.min(pieceBytes, size - offset), offset);
    if (bytesRead === 0) throw new EnvironmentError(path, "cannot read: it became shorter while it was being read");
    offset += bytesRead;
  }
  return bytes;
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
  options: WriteOptions = {},
): Promise<void> {
  const target = await resolveTarget(path);
  if (target.direct) return writeDirectly(path, content);
  const temporary = join(dirname(target.path), `.${basename(target.path).slice(0, 200)}.${randomUUID()}.tmp`);
  try {
    await writeNew(path, { flags: "wx", file: temporary, ...options }, content);
    await system(path, rename(temporary, target.path));
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    throw cause;
  }
  await flushFolder(dirname(target.path));
}

/** Where the bytes go: past a symbolic link, so that it stays one. */
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
  { file, flags, mode }: WriteOptions & { readonly file: string; readonly flags: "w" | "wx" },
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

/**
 * Makes a folder and those above it; a folder that is there stays as it is.
 *
 * Not by Node's own recursion, which never ends where a system answers that a folder's parent is missing although it is
 * there, as Linux does in /proc.
 *
 * @param mode of the folders that are made
 * @throws {EnvironmentError} if that is not possible
 */
export async function makeFolder(path: string, { mode }: WriteOptions = {}): Promise<void> {
  try {
    await makeWithParents(resolve(path), mode);
  } catch (cause) {
    throw toEnvironmentError(path, "cannot make the folder", cause);
  }
}

async function makeWithParents(path: string, mode: number | undefined): Promise<void> {
  try {
    await makeOne(path, mode);
  } catch (error) {
    if (!hasCode(error, "ENOENT") || dirname(path) === path) throw error;
    await makeWithParents(dirname(path), mode);
    await makeOne(path, mode);
  }
}

/** Another process may be making it at the same time. */
async function makeOne(path: string, mode: number | undefined): Promise<void> {
  try {
    await mkdir(path, mode);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    if (!(await stat(path)).isDirectory()) throw new EnvironmentError(path, "is a file, must be a folder");
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;

/**
 * Finds out, without making anything, that a folder is there or could be made, and may be written to: for work whose
 * result is written only at its end.
 *
 * @throws {EnvironmentError} if it is not so
 */
export async function requireWritableFolder(path: string): Promise<void> {
  let nearest = resolve(path);
  try {
    for (;;) {
      const found = await stat(nearest).catch((error: unknown) => {
        if (!hasCode(error, "ENOENT") || dirname(nearest) === nearest) throw error;
      });
      if (found?.isDirectory()) return await access(nearest, constants.W_OK);
      if (found !== undefined) throw new EnvironmentError(path, `"${nearest}" is a file, must be a folder`);
      nearest = dirname(nearest);
    }
  } catch (cause) {
    throw toEnvironmentError(path, "cannot be written to", cause);
  }
}

/** Makes the new name itself survive a power cut; not every system lets a folder be flushed. */
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
