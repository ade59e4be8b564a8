import { largestFile, readFileBytes } from "../../files/node.ts";
import { dirname, join } from "node:path";
import { FormatError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { quote } from "../../tensor/printable.ts";
import { decodeSafetensors } from "../safetensors/safetensors.ts";
import type { WeightsFile } from "../weights-file.ts";
import { unwrapNames } from "../pytorch/entry.ts";

/** Limit on the index's text, in bytes. */
const longestIndex = 2 ** 25;
const mostShards = 1000;
/** Limit on all shards together, in bytes. */
const mostBytes = 4 * largestFile;

/** Whether a path names an index of safetensors shards. */
export function isShardIndex(path: string): boolean {
  return path.endsWith(".index.json");
}

/**
 * Reads safetensors split over several files, by their `…safetensors.index.json`.
 *
 * @throws {FormatError} if the index is malformed, names a file outside its own folder, or does not agree with the shards
 * @throws {EnvironmentError} if a shard cannot be read
 * @source https://huggingface.co/docs/huggingface_hub/package_reference/serialization "model.safetensors.index.json"
 */
export async function readShards(path: string): Promise<WeightsFile> {
  const places = parseIndex(await readFileBytes(path, longestIndex), path);
  const shards = [...new Set(places.values())];
  if (shards.length > mostShards) throw new FormatError(path, `names ${shards.length} files, at most ${mostShards}`);
  const tensors = new Map<string, Tensor>();
  let left = mostBytes;
  for (const shard of shards) {
    const place = join(dirname(path), shard);
    const bytes = await readFileBytes(place, Math.min(left, largestFile));
    left -= bytes.length;
    for (const [name, value] of decodeSafetensors(bytes, place).tensors) {
      if (places.get(name) !== shard) throw new FormatError(place, `holds ${quote(name)}, which ${path} does not list`);
      tensors.set(name, value);
    }
  }
  const absent = [...places.keys()].find((name) => !tensors.has(name));
  if (absent !== undefined) {
    throw new FormatError(path, `says that ${quote(absent)} is in ${quote(places.get(absent)!)}; it is not there`);
  }
  const ordered = new Map([...places.keys()].map((name) => [name, tensors.get(name)!] as const));
  const { tensors: unwrapped, prefix } = unwrapNames(ordered);
  return { tensors: unwrapped, origin: { format: "safetensors", entry: [], prefix, notes: {} } };
}

/** The file of every tensor. */
function parseIndex(bytes: Uint8Array, where: string): ReadonlyMap<string, string> {
  let index: unknown;
  try {
    index = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FormatError(where, "is not a safetensors index: it is not JSON", { cause });
  }
  const map = isObject(index) ? index["weight_map"] : undefined;
  if (!isObject(map)) throw new FormatError(where, "is not a safetensors index: it has no weight_map");
  return new Map(Object.entries(map).map(([name, file]) => [name, checkShardName(where, name, file)]));
}

function checkShardName(where: string, name: string, file: unknown): string {
  if (typeof file !== "string") throw new FormatError(where, `does not name the file of ${quote(name)}`);
  if (/^[^/\\:\0]{1,200}\.safetensors$/.test(file)) return file;
  throw new FormatError(
    where,
    `puts ${quote(name)} into ${quote(file)}; must be a .safetensors file in the index's own folder`,
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
