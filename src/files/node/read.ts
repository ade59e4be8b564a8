import { createReadStream } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { EnvironmentError } from "../../tensor/errors.ts";
import { toEnvironmentError } from "./failure.ts";

/** How much of a file one system call reads or writes. */
export const pieceBytes: number = 2 ** 26;

/** The most that is read into memory at once unless another limit is given: 2 GiB less one byte. */
export const largestFile: number = 2 ** 31 - 1;

/**
 * Checks that a path names a regular file before it is opened: opening a pipe blocks, and a device may be endless.
 *
 * @returns its size in bytes
 * @throws {EnvironmentError} if there is no such file, or it is a folder, device or pipe
 */
async function requireRegularFile(path: string): Promise<number> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw new EnvironmentError(path, "cannot read: is a folder, must be a file");
    if (!found.isFile()) throw new EnvironmentError(path, "cannot read: is a device or pipe, must be a regular file");
    return found.size;
  } catch (cause) {
    throw toEnvironmentError(path, "cannot read", cause);
  }
}

/** Reads a text file whole. @throws {EnvironmentError} as {@link readFileBytes} does */
export async function readTextFile(path: string): Promise<string> {
  return new TextDecoder().decode(await readFileBytes(path));
}

/**
 * Reads a regular file piece by piece, however large it is.
 *
 * @throws {EnvironmentError} if it cannot be read or is not a regular file
 */
export async function* readFilePieces(path: string): AsyncGenerator<Buffer, undefined> {
  await requireRegularFile(path);
  try {
    yield* createReadStream(path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>;
  } catch (cause) {
    throw toEnvironmentError(path, "cannot read", cause);
  }
}

/**
 * Reads a whole file into memory.
 *
 * @param limit the most bytes it may have; 2 GiB if left out
 * @throws {EnvironmentError} if it cannot be read, is not a regular file or is larger than `limit`
 */
export async function readFileBytes(path: string, limit: number = largestFile): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const size = await requireRegularFile(path);
    if (size > limit)
      throw new EnvironmentError(path, `cannot read: takes ${size} bytes, at most ${limit} are read into memory`);
    const file = await open(path, "r");
    try {
      return await readAll(file, path, size);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw toEnvironmentError(path, "cannot read", cause);
  }
}

/** The bytes of a file that is not on disk or has been read already. */
export interface NamedBytes {
  readonly bytes: Uint8Array;
  /** The file's name, for errors. */
  readonly where: string;
}

/** A file: its path, or its bytes. */
export type FileSource = string | NamedBytes;

/** The name of a file, for errors. */
export const whereOf = (source: FileSource): string => (typeof source === "string" ? source : source.where);

/** The bytes of a file with its name. @throws {EnvironmentError} as {@link readFileBytes} */
export async function readSource(source: FileSource, limit?: number): Promise<NamedBytes> {
  if (typeof source === "string") return { bytes: await readFileBytes(source, limit), where: source };
  if (source.bytes.length <= (limit ?? largestFile)) return source;
  throw new EnvironmentError(
    source.where,
    `cannot read: takes ${source.bytes.length} bytes, at most ${limit} are read into memory`,
  );
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
