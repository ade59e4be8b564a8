import { isFieldSet } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProto_AttributeType as Type,
  AttributeProtoSchema,
  type GraphProto,
} from "onnx-buf";
import { FormatError } from "../../tensor/errors.ts";
import type { Attribute, Graph } from "../graph.ts";
import type { ReadExternal } from "./external.ts";
import { restOf } from "./unknown-fields.ts";
import { decodeTensor, tensorFields } from "./tensor.ts";

/** What decoding needs besides the message. */
export interface DecodeContext {
  /** The file and the position in it, for errors. */
  readonly where: string;
  readonly readExternal: ReadExternal | undefined;
}

/** Decodes a graph inside a node; passed in because graphs hold attributes and attributes hold graphs. */
export type DecodeInnerGraph = (context: DecodeContext, message: GraphProto) => Graph;

/** The field that holds an attribute of each type. */
const valueFields = {
  [Type.FLOAT]: "f",
  [Type.INT]: "i",
  [Type.STRING]: "s",
  [Type.TENSOR]: "t",
  [Type.GRAPH]: "g",
  [Type.SPARSE_TENSOR]: "sparseTensor",
  [Type.TYPE_PROTO]: "tp",
  [Type.FLOATS]: "floats",
  [Type.INTS]: "ints",
  [Type.STRINGS]: "strings",
  [Type.TENSORS]: "tensors",
  [Type.GRAPHS]: "graphs",
  [Type.SPARSE_TENSORS]: "sparseTensors",
  [Type.TYPE_PROTOS]: "typeProtos",
} as const;
type KnownType = keyof typeof valueFields;
const knownTypes = Object.keys(valueFields).map(Number) as readonly KnownType[];

const attributeFields: readonly string[] = ["name", "type", ...Object.values(valueFields)];

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text, or undefined for bytes that are not text. */
function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

const narrow = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

/** The type that an attribute declares or, as in the first version of ONNX, leaves implicit. */
function typeOf(where: string, message: AttributeProto): KnownType {
  const present = knownTypes.filter((type) => isFieldSet(message, AttributeProtoSchema.field[valueFields[type]]));
  const type = knownTypes.find((known) => known === message.type) ?? (present.length === 1 ? present[0] : undefined);
  if (type === undefined) throw new FormatError(where, "has neither a type nor a value");
  const other = present.find((known) => known !== type);
  if (other === undefined) return type;
  throw new FormatError(where, `is of type ${Type[type]} and holds ${Type[other]}`);
}

function decodeTensorAttribute(context: DecodeContext, message: AttributeProto): Attribute | undefined {
  if (message.t === undefined) throw new FormatError(context.where, "holds no tensor");
  const value = decodeTensor(context.where, message.t, context.readExternal);
  if (value === undefined) return undefined;
  const { rest } = restOf(message.t, tensorFields);
  const t = message.t.name === "" ? rest : { ...rest, name: message.t.name };
  const outer = restOf(message, attributeFields);
  return { kind: "tensor", value, ...(t === undefined ? outer : { rest: { ...outer.rest, t } }) };
}

function decodeKnown(
  context: DecodeContext,
  message: AttributeProto,
  decodeGraph: DecodeInnerGraph,
): Attribute | undefined {
  const kept = restOf(message, attributeFields);
  switch (typeOf(context.where, message)) {
    case Type.INT:
      return { kind: "int", value: narrow(message.i), ...kept };
    case Type.INTS:
      return { kind: "ints", value: message.ints.map(narrow), ...kept };
    case Type.FLOAT:
      return { kind: "float", value: message.f, ...kept };
    case Type.FLOATS:
      return { kind: "floats", value: message.floats, ...kept };
    case Type.STRING: {
      const value = decodeText(message.s);
      return value === undefined ? undefined : { kind: "string", value, ...kept };
    }
    case Type.STRINGS: {
      const value = message.strings.map(decodeText);
      return value.every((item) => item !== undefined) ? { kind: "strings", value, ...kept } : undefined;
    }
    case Type.TENSOR:
      return decodeTensorAttribute(context, message);
    case Type.GRAPH:
      if (message.g === undefined) throw new FormatError(context.where, "holds no graph");
      return { kind: "graph", value: decodeGraph(context, message.g), ...kept };
    default:
      return undefined;
  }
}

/** An attribute; kept unchanged if Residua has no form for it. @throws {FormatError} if it contradicts itself */
export function decodeAttribute(
  context: DecodeContext,
  message: AttributeProto,
  decodeGraph: DecodeInnerGraph,
): Attribute {
  const foreign = message.refAttrName !== "" || message.$unknown !== undefined;
  const known = foreign ? undefined : decodeKnown(context, message, decodeGraph);
  return known ?? { kind: "opaque", value: message };
}
