import { makeFolder, writeFileAtomically } from "../../files/node.ts";
import { createHash } from "node:crypto";
import { readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ModelCache } from "../model-cache.ts";

/** The size limit of the cache; the least recently used models are evicted first. */
const LARGEST_CACHE = 2 ** 30;
const HASH_BYTES = 32;

const hashOf = (pieces: readonly Uint8Array[]): Buffer => {
  const hash = createHash("sha256");
  // Prefixed with its length, so that different lists of pieces never hash alike.
  for (const piece of pieces) hash.update(`${piece.length}:`).update(piece);
  return hash.digest();
};

/** The code that compiles graphs: another version may compile different models. */
async function hashCode(): Promise<Buffer> {
  const folder = fileURLToPath(new URL("../../", import.meta.url));
  const names = ["compile", "onnx"].map(async (part) => {
    const found = await readdir(join(folder, part), { recursive: true });
    return found.filter((name) => /\.[jt]s$/.test(name)).map((name) => join(folder, part, name));
  });
  const files = (await Promise.all(names)).flat().toSorted();
  return hashOf(await Promise.all(files.map((file) => readFile(file))));
}

/**
 * A folder of compiled models, each named by the hash of its inputs and prefixed with the hash of its own bytes, so
 * that a damaged file is rebuilt.
 */
export function createModelCache(folder: string): ModelCache {
  let code: Promise<Buffer> | undefined;
  return {
    obtain: async (identity, make) => {
      const file = join(folder, `${hashOf([await (code ??= hashCode()), ...identity]).toString("hex")}.model`);
      const kept = await readModel(file);
      if (kept !== undefined) return kept;
      const model = make();
      // A full disk or a read-only folder costs only time.
      await keepModel(folder, file, model).catch(() => undefined);
      return model;
    },
  };
}

async function readModel(file: string): Promise<Uint8Array | undefined> {
  try {
    const bytes = await readFile(file);
    const model = new Uint8Array(bytes.buffer, bytes.byteOffset + HASH_BYTES, Math.max(0, bytes.length - HASH_BYTES));
    if (!hashOf([model]).equals(bytes.subarray(0, HASH_BYTES))) return undefined;
    const now = new Date();
    await utimes(file, now, now).catch(() => undefined);
    return model;
  } catch {
    return undefined;
  }
}

async function keepModel(folder: string, file: string, model: Uint8Array): Promise<void> {
  if (model.length > LARGEST_CACHE / 4) return;
  await makeFolder(folder);
  await makeRoom(folder, model.length + HASH_BYTES);
  await writeFileAtomically(file, [hashOf([model]), model]);
}

async function makeRoom(folder: string, needed: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".model"));
  const files = await Promise.all(
    names.map(async (name) => {
      const { size, mtimeMs } = await stat(join(folder, name));
      return { path: join(folder, name), size, mtimeMs };
    }),
  );
  let total = files.reduce((sum, { size }) => sum + size, needed);
  for (const { path, size } of files.toSorted((a, b) => a.mtimeMs - b.mtimeMs)) {
    if (total <= LARGEST_CACHE) return;
    await rm(path, { force: true });
    total -= size;
  }
}
