import { createHash, type Hash } from "node:crypto";
import { open } from "node:fs/promises";
import { dirname, relative, sep } from "node:path";
import type { SampleSource } from "../sample-source.ts";

/** Files that are read at once. */
const ASKED_AT_ONCE = 64;
/** Bytes of all files that are read, unless there are very many: a second or two. */
const MOST_BYTES = 256 * 2 ** 20;
/** Bytes of each file that are read in any case. */
const LEAST_SHARE = 3072;

/**
 * Tells the data of a training apart, on whichever machine: the SHA-256, in hexadecimal, of everything that batches are
 * made from, as {@link identifyContent} has it.
 */
export function identifySource({ data }: SampleSource, mostBytes?: number): Promise<string> {
  return identifyContent(data, mostBytes);
}

/**
 * The SHA-256, in hexadecimal, of plain data and typed arrays. Files that are listed as `files` count by their names below their
 * common folder, their sizes and their bytes.
 *
 * @param mostBytes how much of all files is read: each file gives its share, or more than it has if that is enough, and
 *   else as much of its beginning, middle and end together
 */
export async function identifyContent(content: unknown, mostBytes: number = MOST_BYTES): Promise<string> {
  const hash = createHash("sha256");
  await addValue(hash, "", content, mostBytes);
  return hash.digest("hex");
}

/** Adds plain data and typed arrays; every piece begins with its kind and length, so that no two values hash alike. */
async function addValue(hash: Hash, name: string, value: unknown, mostBytes: number): Promise<void> {
  if (ArrayBuffer.isView(value)) {
    hash.update(`bytes ${value.byteLength} `);
    hash.update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  } else if (name === "files" && isTexts(value)) await addFiles(hash, value, mostBytes);
  else if (Array.isArray(value)) {
    hash.update(`list ${value.length} `);
    for (const item of value) await addValue(hash, "", item, mostBytes);
  } else if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
    hash.update(`object ${entries.length} `);
    for (const [key, item] of entries) {
      hash.update(`${JSON.stringify(key)} `);
      await addValue(hash, key, item, mostBytes);
    }
  } else hash.update(`${typeof value} ${JSON.stringify(String(value))} `);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

async function addFiles(hash: Hash, files: readonly string[], mostBytes: number): Promise<void> {
  const folder = commonFolder(files);
  const share = Math.max(LEAST_SHARE, Math.floor(mostBytes / files.length));
  for (let start = 0; start < files.length; start += ASKED_AT_ONCE) {
    const part = files.slice(start, start + ASKED_AT_ONCE);
    const described = await Promise.all(part.map((file) => describeFile(file, share)));
    part.forEach((file, index) => {
      const name = relative(folder, file).replaceAll(sep, "/");
      hash.update(`file ${JSON.stringify(name)} ${described[index]} `);
    });
  }
}

/** A file's size and the hash of its bytes; of a larger one than `share`, of as many at its beginning, middle and end. */
async function describeFile(file: string, share: number): Promise<string> {
  const opened = await open(file);
  try {
    const { size } = await opened.stat();
    const hash = createHash("sha256");
    const piece = Math.ceil(share / 3);
    const places =
      size <= share ? [[0, size]] : [0, (size - piece) / 2, size - piece].map((at) => [Math.floor(at), piece]);
    for (const [at, length] of places) {
      const { buffer, bytesRead } = await opened.read(Buffer.alloc(length), 0, length, at);
      hash.update(buffer.subarray(0, bytesRead));
    }
    return `${size} ${hash.digest("hex")}`;
  } finally {
    await opened.close();
  }
}

/** The folder that holds all files, at any depth. */
function commonFolder(files: readonly string[]): string {
  let folder = files.length === 0 ? "" : dirname(files[0]);
  const holds = (file: string): boolean => file.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
  while (folder !== dirname(folder) && !files.every(holds)) folder = dirname(folder);
  return folder;
}
