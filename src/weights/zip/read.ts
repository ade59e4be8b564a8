import { Inflate } from "fflate";
import { FormatError } from "../../tensor/errors.ts";
import { crc32 } from "./crc32.ts";
import { quote } from "../../tensor/printable.ts";
import { readZipDirectory, type ZipEntry } from "./directory.ts";

/** A zip file whose directory has been checked; entries are unpacked on demand. */
export interface ZipArchive {
  readonly names: readonly string[];
  /**
   * An entry's bytes: a view if it is stored, as PyTorch stores everything.
   * @throws {FormatError} if there is no such entry, its checksum differs, or it unpacks to another size than stated
   */
  read(name: string): Uint8Array;
}

/** Limit on the unpacked size of all entries, beyond a multiple of the file itself: weights hardly shrink, zip bombs do. */
const inflationAllowance = 2 ** 24;
const inflationRatio = 8;
/** How much compressed data is unpacked before its size is checked; it grows at most 1032-fold. */
const inflationStep = 2 ** 14;

/** Whether the bytes begin with a zip entry. */
export function looksLikeZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/**
 * Opens a zip file, zip64 included.
 *
 * @param where the file's name, for errors
 * @throws {FormatError} if it is damaged or hostile: truncated, encrypted, entries that overlap or have names that leave
 *   the archive, headers that contradict each other
 */
export function openZip(bytes: Uint8Array, where: string): ZipArchive {
  const entries = readZipDirectory(bytes, where);
  let allowance = inflationAllowance + inflationRatio * bytes.length;
  const read = (name: string): Uint8Array => {
    const entry = entries.get(name);
    if (entry === undefined) throw new FormatError(where, `has no entry ${quote(name)}; it is damaged or truncated`);
    const raw = bytes.subarray(entry.begin, entry.end);
    if (entry.method === "deflated") {
      allowance -= entry.size;
      if (allowance < 0)
        throw new FormatError(where, `unpacks to far more than it should; it is treated as a zip bomb`);
    }
    const data = entry.method === "stored" ? raw : inflate(where, entry, raw);
    if (crc32(data) === entry.crc) return data;
    throw new FormatError(where, `entry ${quote(name)} fails its checksum; the file is damaged, download it again`);
  };
  return { names: [...entries.keys()], read };
}

function inflate(where: string, { name, size }: ZipEntry, raw: Uint8Array): Uint8Array {
  const mismatch = `entry ${quote(name)} does not unpack to the ${size} bytes that it promises`;
  const data = new Uint8Array(size);
  let filled = 0;
  const stream = new Inflate((chunk) => {
    if (filled + chunk.length > size) throw new FormatError(where, mismatch);
    data.set(chunk, filled);
    filled += chunk.length;
  });
  try {
    for (let begin = 0; begin < raw.length; begin += inflationStep) {
      const end = Math.min(begin + inflationStep, raw.length);
      stream.push(raw.subarray(begin, end), end === raw.length);
    }
  } catch (cause) {
    throw new FormatError(where, mismatch, { cause });
  }
  if (filled === size) return data;
  throw new FormatError(where, mismatch);
}
