import { FormatError } from "../../tensor/errors.ts";

/** Wire types of protobuf; groups (3 and 4) are obsolete and not part of ONNX. */
export const wireTypes = { varint: 0, fixed64: 1, delimited: 2, fixed32: 5 } as const;

/** A position in bytes that are read from front to back. */
export interface Cursor {
  /** The file, for errors. */
  readonly where: string;
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;
}

/** One field of a message: its number, wire type and the range of its content. `begin` is where its tag starts. */
export interface WireField {
  readonly number: number;
  readonly type: number;
  readonly begin: number;
  readonly start: number;
  readonly end: number;
}

/** A protobuf varint: seven bits per byte, least significant first. */
function encodeVarint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

export const lengthOf = (chunks: readonly Uint8Array[]): number => chunks.reduce((sum, chunk) => sum + chunk.length, 0);

/** The chunks in one piece. */
export function joinChunks(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(lengthOf(chunks));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

/** A length-delimited field around chunks. */
export function delimitedField(number: number, chunks: readonly Uint8Array[]): readonly Uint8Array[] {
  return [encodeVarint(number * 8 + wireTypes.delimited), encodeVarint(lengthOf(chunks)), ...chunks];
}

/** Bytes from `start` to `end`, to be read. */
export function openCursor(where: string, bytes: Uint8Array, start = 0, end: number = bytes.length): Cursor {
  return { where, bytes, at: start, end };
}

function fail(cursor: Cursor, detail: string): never {
  throw new FormatError(cursor.where, `is not a readable ONNX file: ${detail} at byte ${cursor.at}`);
}

/** A whole number up to 2⁵³. @throws {FormatError} if the bytes end, or it is larger */
function readVarint(cursor: Cursor): number {
  let value = 0;
  for (let factor = 1; cursor.at < cursor.end; factor *= 128) {
    const byte = cursor.bytes[cursor.at++];
    value += (byte & 127) * factor;
    if (value > Number.MAX_SAFE_INTEGER) fail(cursor, "a length beyond all bounds");
    if (byte < 128) return value;
  }
  return fail(cursor, "the data ends in the middle of a number");
}

/** Moves past a number of any size. @throws {FormatError} if it takes more than ten bytes, or the bytes end */
function skipVarint(cursor: Cursor): void {
  const start = cursor.at;
  while (cursor.at < cursor.end) {
    if (cursor.bytes[cursor.at++] < 128) return;
    if (cursor.at - start >= 10) fail(cursor, "a number of more than ten bytes");
  }
  fail(cursor, "the data ends in the middle of a number");
}

/** The 64 bits of a number, as a signed integer. */
export function readInt64(cursor: Cursor): bigint {
  const start = cursor.at;
  skipVarint(cursor);
  let value = 0n;
  for (let at = cursor.at - 1; at >= start; at--) value = (value << 7n) | BigInt(cursor.bytes[at] & 127);
  return BigInt.asIntN(64, value);
}

/** The low 32 bits of a number, signed; negative ones take ten bytes. */
export function readInt32(cursor: Cursor): number {
  const start = cursor.at;
  skipVarint(cursor);
  let value = 0;
  for (let at = Math.min(cursor.at, start + 5) - 1; at >= start; at--) value = (value << 7) | (cursor.bytes[at] & 127);
  return value;
}

/** The next field, or undefined at the end. Advances the cursor past it. @throws {FormatError} if it is malformed */
export function readField(cursor: Cursor): WireField | undefined {
  if (cursor.at >= cursor.end) return undefined;
  const begin = cursor.at;
  const tag = readVarint(cursor);
  const number = Math.floor(tag / 8);
  const type = tag % 8;
  if (number === 0 || number >= 2 ** 29) fail(cursor, `field number ${number}`);
  let start = cursor.at;
  if (type === wireTypes.varint) skipVarint(cursor);
  else if (type === wireTypes.fixed64) cursor.at += 8;
  else if (type === wireTypes.fixed32) cursor.at += 4;
  else if (type === wireTypes.delimited) {
    const length = readVarint(cursor);
    start = cursor.at;
    cursor.at += length;
  } else fail(cursor, `wire type ${type}`);
  if (cursor.at <= cursor.end) return { number, type, begin, start, end: cursor.at };
  const missing = cursor.at - cursor.end;
  cursor.at = begin;
  return fail(cursor, `${missing} bytes are missing from a field (is the file truncated?)`);
}
