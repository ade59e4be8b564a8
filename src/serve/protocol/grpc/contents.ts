import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { dtypeArrays } from "../../../tensor/dtype.ts";
import { type DataType, dtypeOf } from "../data-types.ts";
import { RequestError } from "../request-error.ts";

interface Contents {
  readonly field: number;
  readonly wire: WireType;
  readonly read: (reader: BinaryReader) => number | bigint;
}

const whole: Omit<Contents, "field"> = { wire: WireType.Varint, read: (reader) => reader.int32() };
const unsigned: Omit<Contents, "field"> = { wire: WireType.Varint, read: (reader) => reader.uint32() };

/** In which field of `InferTensorContents` elements of a type stand; FP16 has none. */
const contents: Partial<Record<DataType, Contents>> = {
  BOOL: { field: 1, wire: WireType.Varint, read: (reader) => Number(reader.bool()) },
  INT8: { field: 2, ...whole },
  INT16: { field: 2, ...whole },
  INT32: { field: 2, ...whole },
  INT64: { field: 3, wire: WireType.Varint, read: (reader) => BigInt(reader.int64()) },
  UINT8: { field: 4, ...unsigned },
  UINT16: { field: 4, ...unsigned },
  UINT32: { field: 4, ...unsigned },
  UINT64: { field: 5, wire: WireType.Varint, read: (reader) => BigInt(reader.uint64()) },
  FP32: { field: 6, wire: WireType.Bit32, read: (reader) => reader.float() },
  FP64: { field: 7, wire: WireType.Bit64, read: (reader) => reader.double() },
};

/** Bytes that decoded elements take at most for each byte of a message: eight for a number of one byte. */
export const LARGEST_GROWTH = 8;

/**
 * Decodes elements of a tensor that stand in the fields of `InferTensorContents`.
 *
 * @returns their bytes, little-endian, as `raw_input_contents` would hold them
 * @throws {RequestError} if there are not so many, or they stand in the field of another type
 */
export function readContents(type: DataType, count: number, message: Uint8Array, where: string): Uint8Array {
  const own = contents[type];
  if (own === undefined) throw new RequestError(400, where, `cannot hold ${type}; send raw_input_contents`);
  // Each element takes a byte at least.
  if (count > message.length) throw tooFew(where, count);
  const array = new dtypeArrays[dtypeOf(type)](count);
  let at = 0;
  const put = (reader: BinaryReader): void => {
    if (at >= count) throw new RequestError(400, where, `has more than ${count} elements`);
    const value = own.read(reader) as number;
    (array as Float32Array)[at] = value;
    if (own.wire === WireType.Varint && (array as Float32Array)[at] !== value)
      throw new RequestError(400, `${where}[${at}]`, `is ${value}, which ${type} cannot hold`);
    at++;
  };
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field !== own.field)
      throw new RequestError(400, where, `stands in field ${field}, must be ${own.field} for ${type}`);
    if (wire === own.wire) put(reader);
    else if (wire === WireType.LengthDelimited)
      for (const packed = new BinaryReader(reader.bytes()); packed.pos < packed.len;) put(packed);
    else throw new RequestError(400, where, "is of another type");
  }
  if (at < count) throw tooFew(where, count);
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

const tooFew = (where: string, count: number): RequestError =>
  new RequestError(400, where, `must have ${count} elements, has fewer`);
