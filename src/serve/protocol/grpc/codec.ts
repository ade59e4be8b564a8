import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { RequestError } from "../request-error.ts";

/** Kinds of fields that the protocol's messages have. */
type Scalar = "string" | "bytes" | "bool" | "int64" | "uint64" | "double";

/** A field of a message. */
export interface Field {
  readonly number: number;
  readonly type: Scalar | MessageShape;
  /** The most times that it may be repeated; one value if undefined. */
  readonly most?: number;
}

/** The fields of a message, by name. */
export interface MessageShape {
  readonly [name: string]: Field;
}

/** A decoded message: every repeated field is there, others if they were sent. */
export interface Message {
  readonly [name: string]: unknown;
}

const wires: { readonly [Kind in Scalar]: WireType } = {
  string: WireType.LengthDelimited,
  bytes: WireType.LengthDelimited,
  bool: WireType.Varint,
  int64: WireType.Varint,
  uint64: WireType.Varint,
  double: WireType.Bit64,
};

const readers: { readonly [Kind in Scalar]: (reader: BinaryReader) => unknown } = {
  string: (reader) => reader.string(true),
  bytes: (reader) => reader.bytes(),
  bool: (reader) => reader.bool(),
  int64: (reader) => BigInt(reader.int64()),
  uint64: (reader) => BigInt(reader.uint64()),
  double: (reader) => reader.double(),
};

const writers: { readonly [Kind in Scalar]: (writer: BinaryWriter, value: never) => BinaryWriter } = {
  string: (writer, value) => writer.string(value),
  bytes: (writer, value) => writer.bytes(value),
  bool: (writer, value) => writer.bool(value),
  int64: (writer, value) => writer.int64(value),
  uint64: (writer, value) => writer.uint64(value),
  double: (writer, value) => writer.double(value),
};

const wireOf = ({ type }: Field): WireType => (typeof type === "string" ? wires[type] : WireType.LengthDelimited);

/**
 * Decodes a message. Fields that are not known are skipped, as Protocol Buffers want it; what is repeated has its bound, since
 * an entry of two bytes takes a hundred in memory.
 *
 * @throws {RequestError} 400 if it is no such message
 */
export function decodeMessage(shape: MessageShape, bytes: Uint8Array, where: string): Message {
  try {
    return decode(shape, bytes, where);
  } catch (cause) {
    if (cause instanceof RequestError) throw cause;
    throw new RequestError(400, where, "is no valid message of the protocol", { cause });
  }
}

function decode(shape: MessageShape, bytes: Uint8Array, where: string): Message {
  const reader = new BinaryReader(bytes);
  const byNumber = new Map(Object.entries(shape).map(([name, field]) => [field.number, { name, ...field }]));
  const message: Record<string, unknown> = {};
  for (const [name, { most }] of Object.entries(shape)) if (most !== undefined) message[name] = [];
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    const field = byNumber.get(number);
    if (field === undefined) {
      reader.skip(wire, number);
      continue;
    }
    const place = `${where}.${field.name}`;
    const isPacked = field.most !== undefined && wire === WireType.LengthDelimited && wireOf(field) !== wire;
    if (!isPacked && wire !== wireOf(field)) throw new RequestError(400, place, "is of another type");
    const values = isPacked ? readPacked(field, reader.bytes(), place) : [readValue(field, reader, place)];
    if (field.most === undefined) message[field.name] = values[0];
    else {
      const list = message[field.name] as unknown[];
      if (list.length + values.length > field.most)
        throw new RequestError(400, place, `has more than ${field.most} entries`);
      list.push(...values);
    }
  }
  return message;
}

function readValue({ type }: Field, reader: BinaryReader, where: string): unknown {
  return typeof type === "string" ? readers[type](reader) : decode(type, reader.bytes(), where);
}

function readPacked(field: Field, bytes: Uint8Array, where: string): readonly unknown[] {
  const reader = new BinaryReader(bytes);
  const values: unknown[] = [];
  while (reader.pos < reader.len) {
    if (values.length >= field.most!) throw new RequestError(400, where, `has more than ${field.most} entries`);
    values.push(readValue(field, reader, where));
  }
  return values;
}

/** Encodes a message; fields without a value are left out. */
export function encodeMessage(shape: MessageShape, message: Message): Uint8Array {
  const writer = new BinaryWriter();
  for (const [name, field] of Object.entries(shape)) {
    const value = message[name];
    if (value === undefined) continue;
    for (const one of field.most === undefined ? [value] : (value as readonly unknown[])) {
      writer.tag(field.number, wireOf(field));
      if (typeof field.type === "string") writers[field.type](writer, one as never);
      else writer.bytes(encodeMessage(field.type, one as Message));
    }
  }
  return writer.finish();
}
