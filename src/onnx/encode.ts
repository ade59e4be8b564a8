import { create, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { FormatError, UnsupportedError } from "../tensor/errors.ts";
import { quote } from "../tensor/printable.ts";
import { bytesOf } from "../tensor/tensor.ts";
import { describeNode, MICROSOFT_DOMAIN, type Model, NCHWC_DOMAIN } from "./graph.ts";
import { nodesWithoutOpset } from "./proto/domains.ts";
import { checkLocation } from "./proto/external.ts";
import { encodeGraph, encodeInitializers, sortEntries } from "./proto/encode-graph.ts";
import { formatVersion } from "./proto/format-version.ts";
import { withRest } from "./proto/unknown-fields.ts";
import { delimitedField, joinChunks, lengthOf } from "./proto/wire.ts";

/** Protobuf's own limit for one message. */
const MAXIMUM_BYTES = 2 ** 31 - 1;

/** The operator sets that the model imports, with ONNX Runtime's own where nodes use them. */
function importedOpsets(model: Model): ReadonlyMap<string, number> {
  const opsets = new Map(model.opsets);
  for (const node of nodesWithoutOpset(model.graph, model.opsets)) {
    if (node.domain !== MICROSOFT_DOMAIN && node.domain !== NCHWC_DOMAIN) {
      throw new UnsupportedError(
        `node ${describeNode(node)}`,
        `${quote(node.op)} is an operator of ${quote(node.domain || "ai.onnx")}, whose version the model's opsets do not give`,
      );
    }
    opsets.set(node.domain, 1);
  }
  return opsets;
}

/** A model without its initializers. */
function encodeFrame(model: Model): Uint8Array {
  const frame = create(ModelProtoSchema, {
    irVersion: formatVersion(model.opsets),
    producerName: model.producer,
    graph: encodeGraph(model.graph, false),
    opsetImport: sortEntries(importedOpsets(model)).map(([domain, version]) => ({ domain, version: BigInt(version) })),
    metadataProps: sortEntries(model.metadata).map(([key, value]) => ({ key, value })),
  });
  return toBinary(ModelProtoSchema, withRest(frame, model.rest));
}

/** @throws {FormatError} if the file would be too large */
function joinParts(model: Model, initializers: readonly Uint8Array[], advice: string): readonly Uint8Array[] {
  const head = encodeFrame(model);
  const weights = initializers.length === 0 ? [] : delimitedField(ModelProtoSchema.field.graph.number, initializers);
  const size = head.length + lengthOf(weights);
  if (size <= MAXIMUM_BYTES) return [head, ...weights];
  throw new FormatError(
    model.graph.name || "model",
    `would take ${size} bytes, and an ONNX file holds less than 2 GB; ${advice}`,
  );
}

/**
 * An ONNX file as chunks to be written in order. Initializers are views of the tensors' own memory: they follow in a
 * second `graph` field, which protobuf merges with the first. Equal models give equal bytes.
 *
 * @throws {UnsupportedError} if a node is one of Residua's internal operators, or its operator set is not known
 * @throws {FormatError} at 2 GB or more
 */
export function encodeModelChunks(model: Model): readonly Uint8Array[] {
  return joinParts(model, encodeInitializers(model.graph), "keep the weights in a file beside it (external data)");
}

/** Whether a model's weights leave room for the rest of it in one file. */
export function fitsOneFile(model: Model, limit: number = MAXIMUM_BYTES): boolean {
  const sizes = Array.from(model.graph.initializers.values(), ({ data }) => data.byteLength);
  const room = 2 ** 16 + 512 * (sizes.length + model.graph.nodes.length);
  return sizes.reduce((sum, size) => sum + size, 0) + room <= limit;
}

/** A model in two files. */
export interface ExternalModel {
  /** The file that is opened. */
  readonly model: readonly Uint8Array[];
  /** The file to which it refers. */
  readonly data: readonly Uint8Array[];
}

/** Tensors start at multiples of a page, so that a runtime may map them into memory. @source ONNX, docs/ExternalData.md */
const PAGE = 4096;
/** Smaller ones stay in the model: they include shapes and axes, which runtimes read while loading. */
const SMALLEST_EXTERNAL = 1024;

/** The elements that go into the data file, in its order, with the gaps between them. */
function layOutData(model: Model): {
  readonly chunks: readonly Uint8Array[];
  readonly offsets: ReadonlyMap<string, number>;
} {
  const chunks: Uint8Array[] = [];
  const offsets = new Map<string, number>();
  let end = 0;
  for (const [name, value] of sortEntries(model.graph.initializers)) {
    if (value.data.byteLength < SMALLEST_EXTERNAL) continue;
    const offset = Math.ceil(end / PAGE) * PAGE;
    if (offset > end) chunks.push(new Uint8Array(offset - end));
    chunks.push(bytesOf(value));
    offsets.set(name, offset);
    end = offset + value.data.byteLength;
  }
  return { chunks, offsets };
}

/**
 * An ONNX model whose weights are in a second file, for models of any size.
 *
 * @param nameData returns the data file's name, a path inside the model's folder, from its content
 * @throws {UnsupportedError} as {@link encodeModelChunks} does
 */
export function encodeExternalModel(model: Model, nameData: (data: readonly Uint8Array[]) => string): ExternalModel {
  const { chunks, offsets } = layOutData(model);
  const location = nameData(chunks);
  checkLocation("external data", location);
  const places = new Map(
    [...offsets].map(([name, offset]) => {
      const length = model.graph.initializers.get(name)!.data.byteLength;
      return [name, { location, offset, length }] as const;
    }),
  );
  const initializers = encodeInitializers(model.graph, places);
  return { model: joinParts(model, initializers, "its graph alone is too large"), data: chunks };
}

/** An ONNX file in one piece; see {@link encodeModelChunks}. */
export function encodeModel(model: Model): Uint8Array {
  return joinChunks(encodeModelChunks(model));
}
