import { OptionError } from "../../tensor/errors.ts";
import { joinBytes } from "../../tensor/bytes.ts";
import { crc32 } from "./crc32.ts";

/** Every entry's bytes begin at a multiple of this, since PyTorch maps them into memory. */
const alignment = 64;
/** Offsets have 32 bits. */
const largest = 0xffffffff;
const mostEntries = 0xffff - 1;
const version = 20;
const utf8Flag = 0x0800;
/** 1 January 1980, the first date that a zip file can express. */
const date = 0x0021;
/** "FB": the extra field with which PyTorch pads. */
const paddingField = 0x4246;

interface PlacedEntry {
  readonly name: Uint8Array;
  readonly crc: number;
  readonly size: number;
  readonly offset: number;
}

/**
 * The bytes of a zip file of stored entries in pieces, without copying their content. Contents begin at multiples of 64
 * bytes; no time is stored, so equal contents give equal bytes.
 *
 * @throws {OptionError} if the file would exceed 4 GiB or 65534 entries
 * @source PKWARE APPNOTE.TXT 6.3.10, section 4.3
 */
export function zipChunks(files: readonly (readonly [name: string, content: Uint8Array])[]): readonly Uint8Array[] {
  const chunks: Uint8Array[] = [];
  const entries: PlacedEntry[] = [];
  let offset = 0;
  for (const [path, content] of files) {
    const entry = { name: new TextEncoder().encode(path), crc: crc32(content), size: content.length, offset };
    const header = encodeLocalHeader(entry);
    chunks.push(header, content);
    entries.push(entry);
    offset += header.length + content.length;
  }
  const directory = entries.map(encodeDirectoryRecord);
  const size = directory.reduce((sum, record) => sum + record.length, 0);
  if (offset + size > largest || entries.length > mostEntries) {
    throw new OptionError(
      "zip",
      `${entries.length} entries of ${offset} bytes exceed a zip file's 4 GiB; use safetensors`,
    );
  }
  return [...chunks, ...directory, encodeEnd(entries.length, size, offset)];
}

/** Little-endian numbers of 2 or 4 bytes, concatenated. */
function packFields(fields: readonly (readonly [bytes: 2 | 4, value: number])[]): Uint8Array {
  const packed = new Uint8Array(fields.reduce((sum, [bytes]) => sum + bytes, 0));
  const view = new DataView(packed.buffer);
  let offset = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 2) view.setUint16(offset, value, true);
    else view.setUint32(offset, value, true);
    offset += bytes;
  }
  return packed;
}

/** The fields shared by both of an entry's headers, from the version on. */
function commonFields({ name, crc, size }: PlacedEntry, extra: number): readonly (readonly [2 | 4, number])[] {
  return [
    [2, version],
    [2, utf8Flag],
    [2, 0],
    [2, 0],
    [2, date],
    [4, crc],
    [4, size],
    [4, size],
    [2, name.length],
    [2, extra],
  ];
}

function encodeLocalHeader(entry: PlacedEntry): Uint8Array {
  const end = entry.offset + 30 + entry.name.length + 4;
  const padding = (alignment - (end % alignment)) % alignment;
  const fields = packFields([[4, 0x04034b50], ...commonFields(entry, 4 + padding)]);
  const extra = packFields([
    [2, paddingField],
    [2, padding],
  ]);
  return joinBytes([fields, entry.name, extra, new Uint8Array(padding).fill(0x5a)]);
}

function encodeDirectoryRecord(entry: PlacedEntry): Uint8Array {
  const fields = packFields([
    [4, 0x02014b50],
    [2, version],
    ...commonFields(entry, 0),
    [2, 0],
    [2, 0],
    [2, 0],
    [4, 0],
    [4, entry.offset],
  ]);
  return joinBytes([fields, entry.name]);
}

function encodeEnd(count: number, size: number, offset: number): Uint8Array {
  return packFields([
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, count],
    [2, count],
    [4, size],
    [4, offset],
    [2, 0],
  ]);
}
