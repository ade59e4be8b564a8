import { FormatError } from "../../../tensor/errors.ts";
import { damaged, maximumBlocks, maximumPages, maximumDecodedBytes } from "../limits.ts";

/** An open TIFF or BigTIFF. */
export interface TiffFile {
  readonly where: string;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly isLittle: boolean;
  readonly isBig: boolean;
  /** The most bytes that a page may decode to. */
  readonly maximumBytes: number;
}

/** A directory field: the location of its values. */
interface Field {
  readonly type: number;
  readonly count: number;
  readonly at: number;
}

/** A directory: the fields of one page. */
export type Directory = ReadonlyMap<number, Field>;

/** Bytes per value, by type. */
const typeBytes: Readonly<Record<number, number>> = {
  1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8,
}; // prettier-ignore
const ASCII = 2;
const rationals = [5, 10];
/** A directory has a few dozen fields. */
const MAXIMUM_FIELDS = 4096;

/** @throws {FormatError} if the header is truncated */
export function openTiff(bytes: Uint8Array, where: string, maximumBytes: number = maximumDecodedBytes): TiffFile {
  if (bytes.length < 16) throw damaged(where, "TIFF");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittle = bytes[0] === 0x49;
  return { where, bytes, view, isLittle, isBig: view.getUint16(2, isLittle) === 43, maximumBytes };
}

/** An offset or a count: 8 bytes in BigTIFF, otherwise `short` of them. */
function readCount({ view, isLittle, isBig }: TiffFile, at: number, short: 2 | 4): number {
  if (isBig) return Number(view.getBigUint64(at, isLittle));
  return short === 2 ? view.getUint16(at, isLittle) : view.getUint32(at, isLittle);
}

/** One directory, and the offset of the next; 0 after the last. */
function readDirectory(file: TiffFile, start: number): { readonly directory: Directory; readonly next: number } {
  const { view, isLittle, isBig } = file;
  const [entryBytes, wordBytes] = isBig ? [20, 8] : [12, 4];
  const count = readCount(file, start, 2);
  const first = start + (isBig ? 8 : 2);
  if (count === 0 || count > MAXIMUM_FIELDS) throw damaged(file.where, "TIFF");
  const directory = new Map<number, Field>();
  for (let index = 0; index < count; index++) {
    const at = first + index * entryBytes;
    const type = view.getUint16(at + 2, isLittle);
    const length = readCount(file, at + 4, 4);
    const valueAt = at + 4 + wordBytes;
    const isInside = length * (typeBytes[type] ?? 1) <= wordBytes;
    directory.set(view.getUint16(at, isLittle), {
      type,
      count: length,
      at: isInside ? valueAt : readCount(file, valueAt, 4),
    });
  }
  return { directory, next: readCount(file, first + count * entryBytes, 4) };
}

/**
 * The pages of a TIFF, without the reduced copies and masks that pyramids also hold.
 * @throws {FormatError} if there is none, or the list is damaged
 */
export function listPages(file: TiffFile): readonly Directory[] {
  const found: Directory[] = [];
  const seen = new Set<number>();
  try {
    let at = readCount(file, file.isBig ? 8 : 4, 4);
    while (at !== 0 && found.length < maximumPages) {
      if (seen.has(at)) throw damaged(file.where, "TIFF");
      seen.add(at);
      const { directory, next } = readDirectory(file, at);
      found.push(directory);
      at = next;
    }
  } catch (error) {
    throw error instanceof RangeError ? damaged(file.where, "TIFF", error) : error;
  }
  if (found.length === 0) throw new FormatError(file.where, "is a TIFF without an image, must have one; save it again");
  const isPage = (directory: Directory): boolean => ((readNumbers(file, directory, 254)[0] ?? 0) & 5) === 0;
  const pages = found.filter(isPage);
  return pages.length === 0 ? found : pages;
}

/**
 * A field's numbers; none if it is missing or holds text.
 * @throws {FormatError} if it lies outside the file, or holds more than any field has
 */
export function readNumbers(file: TiffFile, directory: Directory, tag: number): readonly number[] {
  const field = directory.get(tag);
  if (field === undefined || field.type === ASCII || typeBytes[field.type] === undefined) return [];
  const { type, count, at } = field;
  const bytes = typeBytes[type];
  // The longest fields are colour maps and lists of blocks, possibly per plane.
  if (count > 3 * maximumBlocks || at + count * bytes > file.bytes.length) throw damaged(file.where, "TIFF");
  return Array.from({ length: count }, (_, index) => readNumber(file, type, at + index * bytes));
}

function readNumber({ view, isLittle }: TiffFile, type: number, at: number): number {
  if (rationals.includes(type)) {
    const read = type === 5 ? view.getUint32 : view.getInt32;
    return read.call(view, at, isLittle) / read.call(view, at + 4, isLittle);
  }
  switch (type) {
    case 3:
      return view.getUint16(at, isLittle);
    case 4:
    case 13:
      return view.getUint32(at, isLittle);
    case 6:
      return view.getInt8(at);
    case 8:
      return view.getInt16(at, isLittle);
    case 9:
      return view.getInt32(at, isLittle);
    case 11:
      return view.getFloat32(at, isLittle);
    case 12:
      return view.getFloat64(at, isLittle);
    case 16:
    case 18:
      return Number(view.getBigUint64(at, isLittle));
    case 17:
      return Number(view.getBigInt64(at, isLittle));
    default:
      return view.getUint8(at);
  }
}

/** A field's bytes; none if it is missing or lies outside the file. */
export function readBytes({ bytes }: TiffFile, directory: Directory, tag: number): Uint8Array {
  const field = directory.get(tag);
  return field === undefined ? new Uint8Array() : bytes.subarray(field.at, field.at + field.count);
}

/** A field's text; empty if it is missing. */
export function readText(file: TiffFile, directory: Directory, tag: number): string {
  return new TextDecoder().decode(readBytes(file, directory, tag)).replace(/\0+$/, "");
}
