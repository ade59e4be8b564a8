import { isFieldSet } from "@bufbuild/protobuf";
import { TensorProto_DataLocation as DataLocation, type TensorProto, TensorProtoSchema } from "onnx-buf";
import { bytesPerElement, type DType, dtypeArrays } from "../../tensor/dtype.ts";
import { FormatError, UnsupportedError } from "../../tensor/errors.ts";
import { formatShape, type Shape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { dtypeFromOnnx } from "../operators/elementwise.ts";
import { type ReadExternal, readExternalData } from "./external.ts";

/** The fields in which a tensor may list its elements one by one, instead of as raw bytes. */
type ListField = "floatData" | "int32Data" | "int64Data" | "doubleData" | "uint64Data";

/** A tensor's message, whose lists may be typed arrays. */
export type TensorFields = Omit<TensorProto, ListField> & {
  readonly [Field in "floatData" | "int32Data" | "doubleData"]: ArrayLike<number>;
} & { readonly [Field in "int64Data" | "uint64Data"]: ArrayLike<bigint> };

/** Fields of a tensor that its decoded form contains; the others are kept unchanged. */
export const tensorFields: readonly string[] = [
  "dims",
  "dataType",
  "name",
  "rawData",
  "externalData",
  "dataLocation",
  "floatData",
  "int32Data",
  "int64Data",
  "doubleData",
  "uint64Data",
];

/** The field that lists each element type. @source onnx.proto, comments of TensorProto */
const listFields: { readonly [D in DType]: ListField } = {
  float32: "floatData",
  float64: "doubleData",
  float16: "int32Data",
  bfloat16: "int32Data",
  int8: "int32Data",
  uint8: "int32Data",
  int16: "int32Data",
  uint16: "int32Data",
  int32: "int32Data",
  bool: "int32Data",
  int64: "int64Data",
  uint32: "uint64Data",
  uint64: "uint64Data",
};

function decodeShape(where: string, dims: readonly bigint[]): Shape {
  const shape = dims.map(Number);
  const count = sizeOf(shape);
  if (shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0) && count <= 2 ** 40) return shape;
  throw new FormatError(where, `has the impossible shape ${formatShape(shape)}`);
}

/** The elements as a view of the bytes if these are aligned, otherwise as a copy. */
function viewElements(dtype: DType, bytes: Uint8Array, count: number): Tensor["data"] {
  const constructor = dtypeArrays[dtype];
  if (bytes.byteOffset % constructor.BYTES_PER_ELEMENT === 0)
    return new constructor(bytes.buffer, bytes.byteOffset, count);
  return new constructor(new Uint8Array(bytes).buffer, 0, count);
}

function copyElements(where: string, dtype: DType, list: ArrayLike<number | bigint>): Tensor["data"] {
  const data = new dtypeArrays[dtype](list.length);
  const plain = data as unknown as (number | bigint)[];
  const wide = dtype === "uint32";
  for (let index = 0; index < list.length; index++) {
    const value = wide ? Number(list[index]) : list[index];
    plain[index] = value;
    const kept = plain[index] === value || dtype === "float32" || dtype === "float64";
    if (!kept || (dtype === "bool" && Number(value) > 1)) {
      throw new FormatError(where, `element ${index} is ${value}, which ${dtype} does not hold`);
    }
  }
  return data;
}

/**
 * A tensor from its message.
 *
 * @returns undefined if Residua has no such element type
 * @throws {FormatError} if shape, type and elements do not match
 */
export function decodeTensor(
  where: string,
  fields: TensorFields,
  readExternal: ReadExternal | undefined,
): Tensor | undefined {
  const dtype = dtypeFromOnnx(fields.dataType);
  if (fields.dataType === 0) throw new FormatError(where, "has no element type");
  if (dtype === undefined) return undefined;
  if (fields.segment !== undefined) throw new UnsupportedError(where, "is stored in segments, which are not supported");
  const shape = decodeShape(where, fields.dims);
  const count = sizeOf(shape);
  const size = count * bytesPerElement(dtype);
  const lists = [...new Set(Object.values(listFields))].filter((field) => fields[field].length > 0);
  const external = fields.dataLocation === DataLocation.EXTERNAL;
  const raw =
    isFieldSet(fields as unknown as TensorProto, TensorProtoSchema.field.rawData) && fields.rawData.length > 0;
  if (Number(external) + Number(raw) + lists.length > 1) {
    throw new FormatError(where, "holds its elements in more than one form");
  }
  const mismatch = (length: number, unit: string): FormatError =>
    new FormatError(
      where,
      `${dtype}${formatShape(shape)} needs ${unit === "bytes" ? size : count} ${unit}, got ${length}`,
    );
  if (lists.length === 0) {
    const bytes = external ? readExternalData(where, fields.externalData, size, readExternal) : fields.rawData;
    if (bytes.length !== size) throw mismatch(bytes.length, "bytes");
    return { dtype, shape, data: viewElements(dtype, bytes, count) };
  }
  const list = fields[listFields[dtype]];
  if (list.length !== count) throw mismatch(list.length, "elements");
  return { dtype, shape, data: copyElements(where, dtype, list) };
}
