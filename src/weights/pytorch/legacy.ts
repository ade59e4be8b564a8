import { FormatError } from "../../tensor/errors.ts";
import { quote } from "../../tensor/printable.ts";
import { type PickledStorage, unpickle } from "./pickle.ts";
import { createPickleReader, type PickleReader } from "./pickle-reader.ts";
import { storageBytes } from "./tensor.ts";

/** A file before PyTorch 1.6: its value, and the storages that follow. */
export interface LegacyCheckpoint {
  readonly value: unknown;
  readonly load: (storage: PickledStorage) => Uint8Array;
}

/**
 * LONG1 of PyTorch's magic number 0x1950a86a20f9469cfc6c, then STOP; preceded by a protocol byte, and by a frame in
 * protocol 4.
 */
const magic = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e] as const;
const latestMagic = 16;
const protocolVersion = 1001;
/** Limit on names and shapes; the elements come after the pickles and do not count. */
const longestPickles = 2 ** 26;

/** Whether the bytes begin with the magic number of PyTorch before 1.6. */
export function looksLikeLegacyCheckpoint(bytes: Uint8Array): boolean {
  return findMagic(bytes) !== undefined;
}

/**
 * Reads a file as PyTorch wrote it before 1.6 (or with `_use_new_zipfile_serialization=False`): five pickles (magic
 * number, version, byte order, value, storage keys), then each storage as a count of elements and their bytes.
 *
 * @throws {FormatError} if it is damaged, truncated, big-endian, or requests more than weights need
 * @source torch/serialization.py, `_legacy_load`
 */
export function openLegacyCheckpoint(bytes: Uint8Array, where: string): LegacyCheckpoint {
  const start = findMagic(bytes);
  if (start === undefined) throw new FormatError(where, "does not begin with PyTorch's magic number");
  const reader = createPickleReader(bytes.subarray(start, start + longestPickles), where);
  requirePreamble(reader, where);
  const storages = new Map<string, PickledStorage>();
  const value = unpickle(reader, where, (storage) => noteStorage(where, storages, storage));
  const keys = unpickle(reader, where);
  const contents = readStorages(bytes.subarray(start + reader.position), { where, keys, storages });
  const load = ({ key }: PickledStorage): Uint8Array => contents.get(key) ?? new Uint8Array(0);
  return { value, load };
}

function findMagic(bytes: Uint8Array): number | undefined {
  for (let start = 0; start <= latestMagic; start++) {
    if (magic.every((byte, index) => bytes[start + index] === byte)) return start + magic.length;
  }
  return undefined;
}

function requirePreamble(reader: PickleReader, where: string): void {
  const version = unpickle(reader, where);
  if (version !== protocolVersion) {
    throw new FormatError(where, `has an unknown version of PyTorch's old format; only ${protocolVersion} exists`);
  }
  const system = unpickle(reader, where);
  if (!(system instanceof Map) || system.get("little_endian") !== true) {
    throw new FormatError(where, "was written on a big-endian machine; load it in PyTorch there and save it again");
  }
}

/** A key identifies one storage, however often the pickle names it. */
function noteStorage(where: string, storages: Map<string, PickledStorage>, storage: PickledStorage): void {
  const known = storages.get(storage.key) ?? storage;
  if (known.dtype !== storage.dtype || known.size !== storage.size) {
    throw new FormatError(where, `describes the storage ${quote(storage.key)} in two ways; it is damaged`);
  }
  storages.set(storage.key, known);
}

interface StorageList {
  readonly where: string;
  readonly keys: unknown;
  readonly storages: ReadonlyMap<string, PickledStorage>;
}

function readStorages(bytes: Uint8Array, { where, keys, storages }: StorageList): ReadonlyMap<string, Uint8Array> {
  const contents = new Map<string, Uint8Array>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  for (const key of Array.isArray(keys) ? (keys as readonly unknown[]) : []) {
    const storage = typeof key === "string" && !contents.has(key) ? storages.get(key) : undefined;
    if (storage === undefined) throw new FormatError(where, "lists a storage that nothing uses; it is damaged");
    const begin = offset + 8;
    const end = begin + storageBytes(storage);
    if (end > bytes.length) throw new FormatError(where, "is truncated within the tensors' elements");
    if (view.getBigInt64(offset, true) !== BigInt(storage.size)) {
      throw new FormatError(where, `contradicts itself about the size of storage ${quote(storage.key)}; it is damaged`);
    }
    contents.set(storage.key, bytes.subarray(begin, end));
    offset = end;
  }
  if (contents.size < storages.size)
    throw new FormatError(where, "lists fewer storages than its tensors use; it is damaged");
  if (offset < bytes.length)
    throw new FormatError(where, `holds ${bytes.length - offset} bytes too many; it is damaged`);
  return contents;
}
