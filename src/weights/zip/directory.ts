import { FormatError } from "../../tensor/errors.ts";
import { quote } from "../../tensor/printable.ts";

/** One file of a zip archive; its bytes are from `begin` to `end`. */
export interface ZipEntry {
  readonly name: string;
  readonly method: "stored" | "deflated";
  readonly crc: number;
  /** Size after unpacking, in bytes. */
  readonly size: number;
  readonly begin: number;
  readonly end: number;
}

/** What the directory says about an entry, before its own header has been checked. */
interface DirectoryRecord extends Omit<ZipEntry, "begin" | "end"> {
  readonly flags: number;
  readonly packedSize: number;
  readonly headerOffset: number;
}

interface DirectoryRange {
  readonly begin: number;
  readonly end: number;
  readonly count: number;
}

interface Source {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly where: string;
}

const signatures = {
  local: 0x04034b50,
  central: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
} as const;
/** Size of each record without its variable parts, in bytes. */
const sizes = { local: 30, central: 46, end: 22, end64: 56, locator64: 20 } as const;
const longestComment = 0xffff;
const mostEntries = 2 ** 18;
/** A 32-bit field with this value has its actual number in the zip64 extra field. */
const in64 = 0xffffffff;
const encryptedFlag = 1;
const sizesFollowFlag = 8;

/**
 * Reads and checks a zip file's directory: every entry's position, name and header, before any of them is unpacked.
 *
 * @throws {FormatError} saying what is wrong with it
 * @source PKWARE APPNOTE.TXT 6.3.10, section 4.3
 */
export function readZipDirectory(bytes: Uint8Array, where: string): ReadonlyMap<string, ZipEntry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const source = { bytes, view, where };
  const range = findDirectory(source);
  const entries = readRecords(source, range).map(
    (record) => [record.headerOffset, locate(source, record, range.begin)] as const,
  );
  requireSeparate(where, entries);
  const byName = new Map(entries.map(([, entry]) => [entry.name, entry]));
  if (byName.size !== entries.length) throw damaged(source, "two entries have the same name");
  return byName;
}

function damaged({ where }: Source, detail: string): FormatError {
  return new FormatError(where, `is a damaged zip file: ${detail}`);
}

/** Reads a 64-bit number. */
function readSize(source: Source, offset: number): number {
  const value = Number(source.view.getBigUint64(offset, true));
  if (Number.isSafeInteger(value)) return value;
  throw damaged(source, "a 64-bit size is out of range");
}

/** Finds the directory from the record at the file's end, or from its zip64 counterpart. */
function findDirectory(source: Source): DirectoryRange {
  const { view, where } = source;
  const end = findEnd(source);
  if (end < 0) throw new FormatError(where, "is truncated: the zip directory at its end is missing");
  const locator = end - sizes.locator64;
  const has64 = locator >= 0 && view.getUint32(locator, true) === signatures.locator64;
  const range = has64 ? readEnd64(source, locator) : readEnd(source, end);
  if (range.end > (has64 ? locator : end) || range.count > mostEntries)
    throw damaged(source, "its directory is misplaced");
  return range;
}

/** The end record is right before a comment that extends to the file's end. */
function findEnd({ bytes, view }: Source): number {
  const last = bytes.length - sizes.end;
  for (let offset = last; offset >= Math.max(0, last - longestComment); offset--) {
    const matches = view.getUint32(offset, true) === signatures.end;
    if (matches && view.getUint16(offset + 20, true) === last - offset) return offset;
  }
  return -1;
}

function readEnd(source: Source, end: number): DirectoryRange {
  const { view } = source;
  if (view.getUint32(end + 4, true) !== 0) throw damaged(source, "it is split over several files");
  const begin = view.getUint32(end + 16, true);
  return { begin, end: begin + view.getUint32(end + 12, true), count: view.getUint16(end + 10, true) };
}

function readEnd64(source: Source, locator: number): DirectoryRange {
  const { view } = source;
  const end = readSize(source, locator + 8);
  if (end + sizes.end64 > locator || view.getUint32(end, true) !== signatures.end64) {
    throw damaged(source, "its zip64 directory is missing");
  }
  const begin = readSize(source, end + 48);
  return { begin, end: begin + readSize(source, end + 40), count: readSize(source, end + 32) };
}

function readRecords(source: Source, range: DirectoryRange): readonly DirectoryRecord[] {
  const records: DirectoryRecord[] = [];
  let offset = range.begin;
  for (let index = 0; index < range.count; index++) {
    const { record, next } = readRecord(source, offset, range.end);
    // A name that ends in a slash is a folder, which PyTorch does not write but other tools add.
    if (!record.name.endsWith("/")) records.push(record);
    offset = next;
  }
  if (offset !== range.end) throw damaged(source, "its directory does not end where it should");
  return records;
}

function readRecord(source: Source, offset: number, limit: number): { record: DirectoryRecord; next: number } {
  const { view } = source;
  const text = offset + sizes.central;
  if (text > limit || view.getUint32(offset, true) !== signatures.central)
    throw damaged(source, "its directory is truncated");
  const extra = text + view.getUint16(offset + 28, true);
  const comment = extra + view.getUint16(offset + 30, true);
  const next = comment + view.getUint16(offset + 32, true);
  if (next > limit) throw damaged(source, "its directory is truncated");
  const name = readName(source, text, extra);
  const fields = [24, 20, 42].map((field) => view.getUint32(offset + field, true));
  const [size, packedSize, headerOffset] = widenFields(source, fields, extra, comment);
  const record: DirectoryRecord = {
    name,
    flags: view.getUint16(offset + 8, true),
    method: readMethod(source, name, view.getUint16(offset + 10, true)),
    crc: view.getUint32(offset + 16, true),
    size: size,
    packedSize: packedSize,
    headerOffset: headerOffset,
  };
  return { record, next };
}

function readMethod(source: Source, name: string, method: number): ZipEntry["method"] {
  if (method === 0) return "stored";
  if (method === 8) return "deflated";
  throw damaged(source, `entry ${quote(name)} is packed by method ${method}; PyTorch stores entries unpacked`);
}

function readName(source: Source, begin: number, end: number): string {
  let name: string;
  try {
    name = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(source.bytes.subarray(begin, end));
  } catch (cause) {
    throw new FormatError(source.where, "is a damaged zip file: an entry's name is not UTF-8", { cause });
  }
  const parts = name.replace(/\/$/, "").split("/");
  const leaves = /[\\:\p{Cc}]/u.test(name) || parts.some((part) => part === "" || part === "." || part === "..");
  if (leaves)
    throw new FormatError(source.where, `has an entry named ${quote(name)}, which may leave the archive; refused`);
  return name;
}

/** Takes numbers that do not fit into 32 bits from the zip64 extra field, which holds exactly those, in order. */
function widenFields(source: Source, fields: readonly number[], begin: number, end: number): readonly number[] {
  if (!fields.includes(in64)) return fields;
  let offset = begin;
  while (offset + 4 <= end) {
    const next = offset + 4 + source.view.getUint16(offset + 2, true);
    if (next > end) break;
    if (source.view.getUint16(offset, true) === 1) return readWide(source, fields, offset + 4, next);
    offset = next;
  }
  throw damaged(source, "a zip64 size is missing");
}

function readWide(source: Source, fields: readonly number[], begin: number, end: number): readonly number[] {
  let offset = begin;
  return fields.map((field) => {
    if (field !== in64) return field;
    if (offset + 8 > end) throw damaged(source, "a zip64 size is missing");
    offset += 8;
    return readSize(source, offset - 8);
  });
}

/** Checks an entry's own header against the directory, and finds its bytes. */
function locate(source: Source, record: DirectoryRecord, limit: number): ZipEntry {
  const { bytes, view } = source;
  const { name, method, crc, size, packedSize, headerOffset, flags } = record;
  const subject = `entry ${quote(name)}`;
  if (flags & encryptedFlag) throw damaged(source, `${subject} is encrypted`);
  const text = headerOffset + sizes.local;
  if (text > limit || view.getUint32(headerOffset, true) !== signatures.local)
    throw damaged(source, `${subject} is misplaced`);
  const extra = text + view.getUint16(headerOffset + 26, true);
  const begin = extra + view.getUint16(headerOffset + 28, true);
  const end = begin + packedSize;
  if (end > limit) throw damaged(source, `${subject} reaches beyond its part of the file`);
  const sameName = new TextDecoder().decode(bytes.subarray(text, extra)) === name;
  const packed = view.getUint32(headerOffset + 18, true);
  const sameSize = flags & sizesFollowFlag || packed === packedSize || packed === in64;
  if (!sameName || !sameSize || (method === "stored" && size !== packedSize)) {
    throw damaged(source, `${subject} has two headers that contradict each other`);
  }
  return { name, method, crc, size, begin, end };
}

function requireSeparate(where: string, entries: readonly (readonly [number, ZipEntry])[]): void {
  let end = 0;
  for (const [offset, entry] of entries.toSorted(([a], [b]) => a - b)) {
    if (offset < end) throw new FormatError(where, `entry ${quote(entry.name)} overlaps another; the file is refused`);
    end = entry.end;
  }
}
