import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  TensorProto_DataType as DataType,
  type TensorShapeProto_Dimension,
  type TensorShapeProto_DimensionSchema,
  type TypeProto,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { type Dimension, sameShape } from "../../tensor/shape.ts";
import type { TensorType, Value } from "../graph.ts";
import { dtypeFromOnnx, onnxDtypes } from "../operators/elementwise.ts";
import { restOf, withRest } from "./unknown-fields.ts";

/** Prefix for the name of an extent that the file leaves open without a name; it is not written back. */
const UNNAMED = "?";

type DeclaredType = Pick<Value, "dtype" | "shape" | "opaque">;

const isNamed = (name: string): boolean => name !== "" && !name.startsWith(UNNAMED);

const isExtent = (value: bigint): boolean => value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER);

/** Whether Residua's form of the dimension expresses all that the file says. */
function isPlainDimension(dimension: TensorShapeProto_Dimension): boolean {
  const { value } = dimension;
  const known = value.case === "dimValue" ? isExtent(value.value) : value.case === "dimParam" && isNamed(value.value);
  return known && restOf(dimension, ["value"]).rest === undefined;
}

/** Open extents without a name (also written as -1 or "?") get one unique to this axis. */
function decodeDimension({ value }: TensorShapeProto_Dimension, name: string, axis: number): Dimension {
  if (value.case === "dimValue" && isExtent(value.value)) return Number(value.value);
  return value.case === "dimParam" && isNamed(value.value) ? value.value : `${UNNAMED}${name}.${axis}`;
}

const otherTypes = {
  sequenceType: "a sequence",
  mapType: "a map",
  optionalType: "an optional value",
  sparseTensorType: "a sparse tensor",
} as const;

function decodeType(name: string, type: TypeProto | undefined): DeclaredType {
  const opaque = (what: string): DeclaredType => ({ dtype: "float32", shape: [], opaque: what });
  const declared = type?.value;
  if (declared?.case === undefined) return opaque("of no declared type");
  if (declared.case !== "tensorType") return opaque(otherTypes[declared.case]);
  const { elemType, shape } = declared.value;
  const dtype = dtypeFromOnnx(elemType);
  if (dtype === undefined) return opaque(`a tensor of ${DataType[elemType]?.toLowerCase() ?? `ONNX type ${elemType}`}`);
  if (shape === undefined) return { ...opaque("a tensor of unknown rank"), dtype };
  return { dtype, shape: shape.dim.map((dimension, axis) => decodeDimension(dimension, name, axis)) };
}

function isPlainType(type: TypeProto): boolean {
  if (type.value.case !== "tensorType" || restOf(type, ["value"]).rest !== undefined) return false;
  const tensor = type.value.value;
  if (dtypeFromOnnx(tensor.elemType) === undefined || tensor.shape === undefined) return false;
  const rests = [restOf(tensor, ["elemType", "shape"]), restOf(tensor.shape, ["dim"])];
  return rests.every(({ rest }) => rest === undefined) && tensor.shape.dim.every(isPlainDimension);
}

/** A value with the type that a file declares for it. */
export function decodeValue(info: ValueInfoProto): Value {
  const { type, name } = info;
  const kept = type === undefined || isPlainType(type) ? ["name", "type"] : ["name"];
  return { name, ...decodeType(name, type), ...restOf(info, kept) };
}

function encodeDimension(extent: Dimension): MessageInitShape<typeof TensorShapeProto_DimensionSchema> {
  if (typeof extent === "number") return { value: { case: "dimValue", value: BigInt(extent) } };
  return isNamed(extent) ? { value: { case: "dimParam", value: extent } } : {};
}

function encodeType({ dtype, shape }: TensorType): TypeProto {
  const tensorType = { elemType: onnxDtypes[dtype], shape: { dim: shape.map(encodeDimension) } };
  return create(TypeProtoSchema, { value: { case: "tensorType", value: tensorType } });
}

/** A value that is a sequence of float32 tensors, with which nothing here computes. */
export function sequenceValue(name: string): Value {
  const elemType = create(TypeProtoSchema, {
    value: { case: "tensorType", value: { elemType: onnxDtypes.float32 } },
  });
  const type = create(TypeProtoSchema, { value: { case: "sequenceType", value: { elemType } } });
  return { name, dtype: "float32", shape: [], opaque: otherTypes.sequenceType, rest: { type } };
}

/** Whether the declared type is still the value's: passes over the graph may have found out more since. */
export function isDeclared(name: string, type: TypeProto | undefined, value: DeclaredType): boolean {
  const declared = decodeType(name, type);
  return declared.opaque === value.opaque && declared.dtype === value.dtype && sameShape(declared.shape, value.shape);
}

/** A value in the form of a file. */
export function encodeValue(value: Value): ValueInfoProto {
  const { type, ...rest } = value.rest ?? {};
  const kept = type as TypeProto | undefined;
  const current = isDeclared(value.name, kept, value) ? kept : encodeType(value);
  const message = create(ValueInfoProtoSchema, { name: value.name });
  if (current !== undefined) message.type = current;
  return withRest(message, rest);
}
