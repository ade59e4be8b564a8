import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProto_AttributeType as Type,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataLocation as DataLocation,
  TensorProtoSchema,
  type ValueInfoProto,
} from "onnx-buf";
import { OptionError, UnsupportedError } from "../../tensor/errors.ts";
import { quote } from "../../tensor/printable.ts";
import { bytesOf, type Tensor } from "../../tensor/tensor.ts";
import { type Attribute, describeNode, type Graph, type Node, RESIDUA_DOMAIN, type Rest } from "../graph.ts";
import { onnxDtypes } from "../operators/elementwise.ts";
import { withRest } from "./unknown-fields.ts";
import { encodeValue, isDeclared } from "./type.ts";
import { delimitedField } from "./wire.ts";

const text = new TextEncoder();

/** Entries sorted by name: equal maps are written alike, in whatever order they were filled. */
export function sortEntries<V>(map: ReadonlyMap<string, V>): readonly (readonly [string, V])[] {
  return [...map].toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)));
}

function encodeTensorHeader(
  name: string,
  value: Tensor,
  rest: Rest | undefined,
  place: MessageInitShape<typeof TensorProtoSchema> = {},
): TensorProto {
  const header = { ...place, dataType: onnxDtypes[value.dtype], dims: value.shape.map(BigInt) };
  return withRest(create(TensorProtoSchema, name === "" ? header : { ...header, name }), rest);
}

function encodeTensor(name: string, value: Tensor, rest: Rest | undefined): TensorProto {
  const message = encodeTensorHeader(name, value, rest);
  message.rawData = bytesOf(value) as Uint8Array<ArrayBuffer>;
  return message;
}

/** Where a tensor's elements are in a separate file. */
export interface ExternalPlace {
  /** A path inside the model's folder. */
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

function externalFields({ location, offset, length }: ExternalPlace): MessageInitShape<typeof TensorProtoSchema> {
  const entries = Object.entries({ location, offset: String(offset), length: String(length) });
  return {
    dataLocation: DataLocation.EXTERNAL,
    externalData: entries.map(([key, value]) => ({ key, value })),
  };
}

/**
 * The `initializer` fields of a graph as chunks. Elements stay where they are: their chunks are views.
 * @param places the places of elements kept in another file
 */
export function encodeInitializers(
  graph: Graph,
  places: ReadonlyMap<string, ExternalPlace> = new Map(),
): readonly Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (const [name, value] of sortEntries(graph.initializers)) {
    const place = places.get(name);
    const rest = graph.initializerRest?.get(name);
    const header = encodeTensorHeader(name, value, rest, place && externalFields(place));
    const data = place === undefined ? delimitedField(TensorProtoSchema.field.rawData.number, [bytesOf(value)]) : [];
    chunks.push(
      ...delimitedField(GraphProtoSchema.field.initializer.number, [toBinary(TensorProtoSchema, header), ...data]),
    );
  }
  return chunks;
}

function encodeWhole(where: string, value: number | bigint): bigint {
  if (typeof value === "bigint" || Number.isSafeInteger(value)) return BigInt(value);
  throw new OptionError(where, `is ${value}; must be a whole number`);
}

function encodeAttributeValue(where: string, attribute: Attribute): MessageInitShape<typeof AttributeProtoSchema> {
  switch (attribute.kind) {
    case "int":
      return { type: Type.INT, i: encodeWhole(where, attribute.value) };
    case "float":
      return { type: Type.FLOAT, f: Math.fround(attribute.value) };
    case "string":
      return { type: Type.STRING, s: text.encode(attribute.value) };
    case "ints":
      return { type: Type.INTS, ints: attribute.value.map((value) => encodeWhole(where, value)) };
    case "floats":
      return { type: Type.FLOATS, floats: attribute.value.map(Math.fround) };
    case "strings":
      return { type: Type.STRINGS, strings: attribute.value.map((value) => text.encode(value)) };
    case "tensor":
      return { type: Type.TENSOR, t: encodeTensor("", attribute.value, attribute.rest?.t as Rest | undefined) };
    case "graph":
      return { type: Type.GRAPH, g: encodeGraph(attribute.value, true) };
    case "opaque":
      return attribute.value as AttributeProto;
  }
}

function encodeAttribute(node: Node, name: string, attribute: Attribute): AttributeProto {
  const where = `attribute ${quote(name)} of node ${describeNode(node)}`;
  const value = encodeAttributeValue(where, attribute);
  if (attribute.kind === "opaque") return value as AttributeProto;
  const { t: _, ...rest } = attribute.rest ?? {};
  return withRest(create(AttributeProtoSchema, { ...value, name }), rest);
}

function encodeNode(node: Node): NodeProto {
  if (node.domain === RESIDUA_DOMAIN) {
    throw new UnsupportedError(
      `node ${describeNode(node)}`,
      `${quote(node.op)} is an internal operator; lower the graph before writing it`,
    );
  }
  const message = create(NodeProtoSchema, {
    opType: node.op,
    domain: node.domain,
    name: node.name,
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: sortEntries(node.attributes).map(([name, attribute]) => encodeAttribute(node, name, attribute)),
  });
  return withRest(message, node.rest);
}

/** Declarations of intermediate values, without those that no longer hold. */
function keepDeclarations(graph: Graph): { readonly valueInfo?: ValueInfoProto[] } {
  const kept = graph.rest?.valueInfo as readonly ValueInfoProto[] | undefined;
  if (kept === undefined) return {};
  const holds = ({ name, type }: ValueInfoProto): boolean => {
    const known = graph.types.get(name);
    return known === undefined || isDeclared(name, type, known);
  };
  return { valueInfo: kept.filter(holds) };
}

/** A graph's message. @param whole whether its initializers go into it */
export function encodeGraph(graph: Graph, whole: boolean): GraphProto {
  const message = create(GraphProtoSchema, {
    name: graph.name,
    node: graph.nodes.map(encodeNode),
    input: graph.inputs.map(encodeValue),
    output: graph.outputs.map(encodeValue),
  });
  withRest(message, { ...graph.rest, ...keepDeclarations(graph) });
  if (!whole) return message;
  const initializers = sortEntries(graph.initializers).map(([name, value]) =>
    encodeTensor(name, value, graph.initializerRest?.get(name)),
  );
  return Object.assign(message, { initializer: [...message.initializer, ...initializers] });
}
