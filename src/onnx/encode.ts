import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { AttributeProtoSchema, GraphProtoSchema, NodeProtoSchema, ValueInfoProtoSchema } from "onnx-buf";
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  ModelProtoSchema,
  TensorProtoSchema,
} from "onnx-buf";
import { FormatError, UnsupportedError } from "../tensor/errors.ts";
import { bytesOf, type Tensor } from "../tensor/tensor.ts";
import { type Attribute, type Graph, type Model, type Node, RESIDUA_DOMAIN, type Value } from "./graph.ts";
import { onnxDtypes } from "./operators/elementwise.ts";

/** Protobuf's own limit for one message. */
const MAXIMUM_BYTES = 2 ** 31 - 1;
/** Version of the file format; the one that opset 18 came with. */
const IR_VERSION = 8n;
/** Tags of length-delimited fields: field number · 8 + 2. */
const MODEL_GRAPH = 7 * 8 + 2;
const GRAPH_INITIALIZER = 5 * 8 + 2;
const TENSOR_RAW_DATA = 9 * 8 + 2;

const text = new TextEncoder();

/** A whole number as protobuf writes it: seven bits a byte, least significant first. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

const lengthOf = (chunks: readonly Uint8Array[]): number => chunks.reduce((sum, chunk) => sum + chunk.length, 0);

/** A length-delimited field around chunks. */
function field(tag: number, chunks: readonly Uint8Array[]): readonly Uint8Array[] {
  return [varint(tag), varint(lengthOf(chunks)), ...chunks];
}

function encodeTensorHeader(name: string, value: Tensor): MessageInitShape<typeof TensorProtoSchema> {
  return { name, dataType: onnxDtypes[value.dtype], dims: value.shape.map(BigInt) };
}

/** An initializer whose elements stay where they are. */
function initializerChunks(name: string, value: Tensor): readonly Uint8Array[] {
  const header = toBinary(TensorProtoSchema, create(TensorProtoSchema, encodeTensorHeader(name, value)));
  return field(GRAPH_INITIALIZER, [header, ...field(TENSOR_RAW_DATA, [bytesOf(value)])]);
}

function encodeAttribute(name: string, attribute: Attribute): MessageInitShape<typeof AttributeProtoSchema> {
  switch (attribute.kind) {
    case "int":
      return { name, type: AttributeType.INT, i: BigInt(attribute.value) };
    case "float":
      return { name, type: AttributeType.FLOAT, f: attribute.value };
    case "string":
      return { name, type: AttributeType.STRING, s: text.encode(attribute.value) };
    case "ints":
      return { name, type: AttributeType.INTS, ints: attribute.value.map(BigInt) };
    case "floats":
      return { name, type: AttributeType.FLOATS, floats: [...attribute.value] };
    case "strings":
      return { name, type: AttributeType.STRINGS, strings: attribute.value.map((value) => text.encode(value)) };
    case "tensor":
      return {
        name,
        type: AttributeType.TENSOR,
        t: { ...encodeTensorHeader("", attribute.value), rawData: bytesOf(attribute.value).slice() },
      };
    case "graph":
      return { name, type: AttributeType.GRAPH, g: encodeGraph(attribute.value, true) };
    case "opaque":
      return attribute.value as AttributeProto;
  }
}

function encodeNode(node: Node): MessageInitShape<typeof NodeProtoSchema> {
  if (node.domain === RESIDUA_DOMAIN) {
    throw new UnsupportedError(node.name, `${node.op} is an internal operator; lower the graph before writing it`);
  }
  const attribute = [...node.attributes].map(([name, value]) => encodeAttribute(name, value));
  return {
    opType: node.op,
    domain: node.domain,
    name: node.name,
    input: [...node.inputs],
    output: [...node.outputs],
    attribute,
  };
}

function encodeValue({ name, dtype, shape }: Value): MessageInitShape<typeof ValueInfoProtoSchema> {
  const dim = shape.map((extent) =>
    typeof extent === "number"
      ? { value: { case: "dimValue" as const, value: BigInt(extent) } }
      : { value: { case: "dimParam" as const, value: extent } },
  );
  return { name, type: { value: { case: "tensorType", value: { elemType: onnxDtypes[dtype], shape: { dim } } } } };
}

function encodeGraph(graph: Graph, withInitializers: boolean): MessageInitShape<typeof GraphProtoSchema> {
  const initializer = [...graph.initializers].map(([name, value]) => ({
    ...encodeTensorHeader(name, value),
    rawData: bytesOf(value).slice(),
  }));
  return {
    name: graph.name,
    node: graph.nodes.map(encodeNode),
    input: graph.inputs.map(encodeValue),
    output: graph.outputs.map(encodeValue),
    ...(withInitializers ? { initializer } : {}),
  };
}

/**
 * An ONNX file as chunks to be written one after another. Initializers are views of the tensors' own memory: they follow
 * in a second `graph` field, which protobuf merges with the first. Equal models give equal bytes.
 *
 * @throws {UnsupportedError} if a node is one of Residua's internal operators
 * @throws {FormatError} above 2 GB, protobuf's limit
 */
export function encodeModelChunks(model: Model): readonly Uint8Array[] {
  const frame = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: model.producer,
    opsetImport: [...model.opsets].map(([domain, version]) => ({ domain, version: BigInt(version) })),
    metadataProps: [...model.metadata].map(([key, value]) => ({ key, value })),
    graph: encodeGraph(model.graph, false),
  });
  const initializers = [...model.graph.initializers].flatMap(([name, value]) => initializerChunks(name, value));
  const chunks = [toBinary(ModelProtoSchema, frame), ...field(MODEL_GRAPH, initializers)];
  const size = lengthOf(chunks);
  if (size > MAXIMUM_BYTES)
    throw new FormatError(model.graph.name, `would take ${size} bytes; an ONNX file holds at most 2 GB`);
  return chunks;
}

/** An ONNX file in one piece; see {@link encodeModelChunks}. */
export function encodeModel(model: Model): Uint8Array {
  const chunks = encodeModelChunks(model);
  const bytes = new Uint8Array(lengthOf(chunks));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
