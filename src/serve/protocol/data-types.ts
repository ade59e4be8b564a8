import type { DType } from "../../tensor/dtype.ts";
import { bytesPerElement } from "../../tensor/dtype.ts";

/**
 * Data types of the Open Inference Protocol, version 2, and the tensors that hold them. BYTES, which no network of numbers
 * takes, is only written: as the strings of the classification extension.
 *
 * Source: https://github.com/kserve/open-inference-protocol, "Tensor Data Types".
 */
const dtypes: {
  readonly BOOL: "bool";
  readonly UINT8: "uint8";
  readonly UINT16: "uint16";
  readonly UINT32: "uint32";
  readonly UINT64: "uint64";
  readonly INT8: "int8";
  readonly INT16: "int16";
  readonly INT32: "int32";
  readonly INT64: "int64";
  readonly FP16: "float16";
  readonly FP32: "float32";
  readonly FP64: "float64";
} = {
  BOOL: "bool",
  UINT8: "uint8",
  UINT16: "uint16",
  UINT32: "uint32",
  UINT64: "uint64",
  INT8: "int8",
  INT16: "int16",
  INT32: "int32",
  INT64: "int64",
  FP16: "float16",
  FP32: "float32",
  FP64: "float64",
};

/** A data type of a tensor of numbers. */
export type DataType = keyof typeof dtypes;

/** Names of the data types. */
export const dataTypes: readonly DataType[] = Object.keys(dtypes) as DataType[];

/** Whether a name is that of a data type. */
export function isDataType(name: string): name is DataType {
  return Object.hasOwn(dtypes, name);
}

/** The tensor's element type. */
export function dtypeOf(type: DataType): DType {
  return dtypes[type];
}

/** Bytes of one element. */
export function elementBytes(type: DataType): number {
  return bytesPerElement(dtypes[type]);
}

/** The protocol's name of an element type; undefined if it has none (bfloat16). */
export function dataTypeOf(dtype: string): DataType | undefined {
  return dataTypes.find((type) => dtypes[type] === dtype);
}

/** Types whose elements JSON has no exact form of, or that the protocol allows in binary alone. */
export const isBinaryOnly = (type: DataType): boolean => type === "FP16";
