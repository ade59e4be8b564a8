import { parseMessage } from "./parse-message.ts";
import { TensorProtoSchema } from "onnx-buf";
import { FormatError } from "../../tensor/errors.ts";
import { type Budget, checkLimits, countPacked, spend } from "./limits.ts";
import type { TensorFields } from "./tensor.ts";
import {
  type Cursor,
  joinChunks,
  openCursor,
  readField,
  readInt32,
  readInt64,
  type WireField,
  wireTypes,
} from "./wire.ts";

const { rawData, floatData, int32Data, int64Data, doubleData, uint64Data } = TensorProtoSchema.field;

/** The elements of a packed list. @param type the wire type of one element */
function readList<T, A extends { [index: number]: T }>(
  cursor: Cursor,
  type: number,
  create: (length: number) => A,
  read: (cursor: Cursor, view: DataView) => T,
): A {
  const length = countPacked(cursor.bytes, cursor.at, cursor.end, type);
  if (!Number.isInteger(length))
    throw new FormatError(cursor.where, "is not readable: a list of elements is truncated");
  const data = create(length);
  const view = new DataView(cursor.bytes.buffer, cursor.bytes.byteOffset, cursor.bytes.byteLength);
  for (let index = 0; index < length; index++) data[index] = read(cursor, view);
  return data;
}

/** Advances the cursor and returns its previous position. */
function advance(cursor: Cursor, bytes: number): number {
  cursor.at += bytes;
  return cursor.at - bytes;
}

const { varint, fixed32, fixed64, delimited } = wireTypes;
const readFloat = (cursor: Cursor, view: DataView): number => view.getFloat32(advance(cursor, 4), true);
const readDouble = (cursor: Cursor, view: DataView): number => view.getFloat64(advance(cursor, 8), true);

/** One row per list field: how it becomes a typed array. */
const listReaders: ReadonlyMap<number, (cursor: Cursor) => Partial<TensorFields>> = new Map(
  Object.entries({
    [floatData.number]: (list) => ({ floatData: readList(list, fixed32, (n) => new Float32Array(n), readFloat) }),
    [doubleData.number]: (list) => ({ doubleData: readList(list, fixed64, (n) => new Float64Array(n), readDouble) }),
    [int32Data.number]: (list) => ({ int32Data: readList(list, varint, (n) => new Int32Array(n), readInt32) }),
    [int64Data.number]: (list) => ({ int64Data: readList(list, varint, (n) => new BigInt64Array(n), readInt64) }),
    [uint64Data.number]: (list) => ({ uint64Data: readList(list, varint, (n) => new BigUint64Array(n), readInt64) }),
  } satisfies Record<number, (list: Cursor) => Partial<TensorFields>>).map(([number, read]) => [Number(number), read]),
);

/** The fields worth reading by hand. A list in several parts is legal but rare: the generated parser joins it. */
function pickLarge(fields: readonly WireField[]): readonly WireField[] {
  const counts = new Map<number, number>();
  for (const { number } of fields) counts.set(number, (counts.get(number) ?? 0) + 1);
  return fields.filter(
    ({ number, type }) =>
      type === delimited && counts.get(number) === 1 && (number === rawData.number || listReaders.has(number)),
  );
}

/**
 * Parses a graph's initializer. Raw data stays in place, and long lists become typed arrays directly; the generated
 * parser would first make an object or a number of each element.
 *
 * @throws {FormatError} if it is malformed
 */
export function readInitializer(where: string, bytes: Uint8Array, budget: Budget): TensorFields {
  const fields: WireField[] = [];
  const cursor = openCursor(where, bytes);
  for (let found = readField(cursor); found !== undefined; found = readField(cursor)) {
    spend(budget, where, 4);
    fields.push(found);
  }
  const large = pickLarge(fields);
  const apart = new Set(large);
  const rest = fields.filter((found) => !apart.has(found)).map(({ begin, end }) => bytes.subarray(begin, end));
  const header = joinChunks(rest);
  checkLimits(TensorProtoSchema, openCursor(where, header), budget);
  const message: TensorFields = parseMessage(where, TensorProtoSchema, header);
  for (const { number, start, end } of large) {
    const read = listReaders.get(number);
    const part = read?.(openCursor(where, bytes, start, end)) ?? { rawData: bytes.subarray(start, end) };
    Object.assign(message, part);
  }
  return message;
}
