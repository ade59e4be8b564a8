import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { NodeProtoSchema, StringStringEntryProtoSchema, TensorProtoSchema, TensorShapeProtoSchema } from "onnx-buf";
import { FormatError } from "../../tensor/errors.ts";
import { checkLocation } from "./external.ts";
import { type Cursor, openCursor, readField, type WireField, wireTypes } from "./wire.ts";

/** Messages inside messages: enough for twenty graphs inside each other. */
const MAXIMUM_DEPTH = 64;
/** About 32 bytes of memory each. */
const MAXIMUM_CELLS = 2 ** 24;
/** The cost of an empty message as an object; in the file it takes two bytes. */
const MESSAGE_CELLS = 16;

/** How much memory parsing may still take. Shared by the parts of one file. */
export interface Budget {
  cells: number;
}

export const createBudget = (): Budget => ({ cells: MAXIMUM_CELLS });

/** What no network has more of, and what would take long to look through: for each of them an object is made. */
const most: ReadonlyMap<DescField, readonly [count: number, of: string]> = new Map([
  [NodeProtoSchema.field.attribute, [1024, "attributes in one node"]],
  [TensorShapeProtoSchema.field.dim, [256, "dimensions in one shape"]],
  [TensorProtoSchema.field.dims, [256, "dimensions in one tensor"]],
]);

/** Counts the entries of one message's limited lists. @throws {FormatError} at one too many */
function countEntries(
  { where, bytes }: Cursor,
  counts: Map<DescField, number>,
  list: DescField,
  found: WireField,
): void {
  const limit = most.get(list);
  if (limit === undefined) return;
  const isPacked = list.message === undefined && found.type === wireTypes.delimited;
  const count = isPacked ? countPacked(bytes, found.start, found.end, wireTypes.varint) : 1;
  const sum = (counts.get(list) ?? 0) + count;
  counts.set(list, sum);
  if (sum > limit[0]) throw new FormatError(where, `is not read: has more than ${limit[0]} ${limit[1]}`);
}

const fieldsByMessage = new WeakMap<DescMessage, ReadonlyMap<number, DescField>>();

function fieldsOf(schema: DescMessage): ReadonlyMap<number, DescField> {
  const fields = fieldsByMessage.get(schema) ?? new Map(schema.fields.map((field) => [field.number, field]));
  fieldsByMessage.set(schema, fields);
  return fields;
}

/** Takes memory from the budget. @throws {FormatError} if it is exhausted */
export function spend(budget: Budget, where: string, cells: number): void {
  budget.cells -= cells;
  if (budget.cells < 0) {
    throw new FormatError(
      where,
      "is not read: its graph alone, without its weights, would take more than half a gigabyte",
    );
  }
}

function wireTypeOf(scalar: ScalarType): number {
  if (scalar === ScalarType.STRING || scalar === ScalarType.BYTES) return wireTypes.delimited;
  if (scalar === ScalarType.FLOAT || scalar === ScalarType.FIXED32) return wireTypes.fixed32;
  return scalar === ScalarType.DOUBLE || scalar === ScalarType.FIXED64 ? wireTypes.fixed64 : wireTypes.varint;
}

/** How many numbers a packed list holds. */
export function countPacked(bytes: Uint8Array, start: number, end: number, type: number): number {
  if (type === wireTypes.fixed32) return (end - start) / 4;
  if (type === wireTypes.fixed64) return (end - start) / 8;
  let count = 0;
  for (let at = start; at < end; at++) if (bytes[at] < 128) count++;
  return count;
}

function checkScalar(cursor: Cursor, descriptor: DescField, found: WireField, budget: Budget): void {
  const scalar = descriptor.fieldKind === "enum" ? ScalarType.INT32 : (descriptor.scalar ?? ScalarType.INT32);
  const type = wireTypeOf(scalar);
  if (type === wireTypes.delimited && found.type === type) {
    spend(budget, cursor.where, 4 + (found.end - found.start) / 16);
  } else if (found.type === wireTypes.delimited && descriptor.fieldKind === "list") {
    const count = countPacked(cursor.bytes, found.start, found.end, type);
    const last = cursor.bytes[found.end - 1];
    const whole = Number.isInteger(count) && (type !== wireTypes.varint || found.end === found.start || last < 128);
    if (!whole) throw new FormatError(cursor.where, `is not a readable ONNX file: a broken list in ${descriptor.name}`);
    spend(budget, cursor.where, count);
  } else if (found.type === type) spend(budget, cursor.where, 1);
  else
    throw new FormatError(cursor.where, `is not a readable ONNX file: ${descriptor.name} has wire type ${found.type}`);
}

/**
 * Walks over an encoded message before it is parsed, without making objects.
 *
 * @throws {FormatError} if it is malformed, nested too deeply, or would take far more memory than the file has bytes
 * @throws {UnsupportedError} if it refers to a file outside its own folder
 */
export function checkLimits(schema: DescMessage, cursor: Cursor, budget: Budget, depth = 0): void {
  if (depth > MAXIMUM_DEPTH) throw new FormatError(cursor.where, `is not read: nested more than ${MAXIMUM_DEPTH} deep`);
  const fields = fieldsOf(schema);
  const counts = new Map<DescField, number>();
  for (let found = readField(cursor); found !== undefined; found = readField(cursor)) {
    const descriptor = fields.get(found.number);
    if (descriptor !== undefined) countEntries(cursor, counts, descriptor, found);
    if (descriptor === undefined) spend(budget, cursor.where, 4);
    else if (descriptor.message === undefined) checkScalar(cursor, descriptor, found, budget);
    else {
      if (found.type !== wireTypes.delimited) {
        throw new FormatError(
          cursor.where,
          `is not a readable ONNX file: ${descriptor.name} has wire type ${found.type}`,
        );
      }
      spend(budget, cursor.where, MESSAGE_CELLS);
      const inside = openCursor(cursor.where, cursor.bytes, found.start, found.end);
      checkLimits(descriptor.message, inside, budget, depth + 1);
      if (schema === TensorProtoSchema && found.number === TensorProtoSchema.field.externalData.number) {
        checkExternalEntry(cursor, found);
      }
    }
  }
}

const utf8 = new TextDecoder();

/** Tensors that are kept unchanged refer to files too. */
function checkExternalEntry(cursor: Cursor, entry: WireField): void {
  const inside = openCursor(cursor.where, cursor.bytes, entry.start, entry.end);
  const texts = new Map<number, string>();
  for (let found = readField(inside); found !== undefined; found = readField(inside)) {
    texts.set(found.number, utf8.decode(cursor.bytes.subarray(found.start, found.end)));
  }
  const { key, value } = StringStringEntryProtoSchema.field;
  if (texts.get(key.number) === "location") checkLocation(cursor.where, texts.get(value.number) ?? "");
}
