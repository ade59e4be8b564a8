import { createHash, type Hash } from "node:crypto";
import { stat } from "node:fs/promises";
import { dirname, relative, sep } from "node:path";
import type { SampleSource } from "../sample-source.ts";

/** Files whose sizes are asked for at once. */
const ASKED_AT_ONCE = 64;

/**
 * Tells the data of a training apart, on whichever machine: the SHA-256, in hexadecimal, of everything that batches are
 * made from. Of images in files, names below their common folder and sizes stand for the contents.
 */
export async function identifySource({ data }: SampleSource): Promise<string> {
  const hash = createHash("sha256");
  await addValue(hash, "", data);
  return hash.digest("hex");
}

/** Adds plain data and typed arrays; every piece begins with its kind and length, so that no two values hash alike. */
async function addValue(hash: Hash, name: string, value: unknown): Promise<void> {
  if (ArrayBuffer.isView(value)) {
    hash.update(`bytes ${value.byteLength} `);
    hash.update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  } else if (name === "files" && isTexts(value)) await addFiles(hash, value);
  else if (Array.isArray(value)) {
    hash.update(`list ${value.length} `);
    for (const item of value) await addValue(hash, "", item);
  } else if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
    hash.update(`object ${entries.length} `);
    for (const [key, item] of entries) {
      hash.update(`${JSON.stringify(key)} `);
      await addValue(hash, key, item);
    }
  } else hash.update(`${typeof value} ${JSON.stringify(String(value))} `);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

async function addFiles(hash: Hash, files: readonly string[]): Promise<void> {
  const folder = commonFolder(files);
  for (let start = 0; start < files.length; start += ASKED_AT_ONCE) {
    const part = files.slice(start, start + ASKED_AT_ONCE);
    const sizes = await Promise.all(part.map((file) => stat(file).then(({ size }) => size)));
    part.forEach((file, index) => {
      const name = relative(folder, file).replaceAll(sep, "/");
      hash.update(`file ${JSON.stringify(name)} ${sizes[index]} `);
    });
  }
}

/** The folder that holds all files, at any depth. */
function commonFolder(files: readonly string[]): string {
  let folder = files.length === 0 ? "" : dirname(files[0]);
  const holds = (file: string): boolean => file.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
  while (folder !== dirname(folder) && !files.every(holds)) folder = dirname(folder);
  return folder;
}
