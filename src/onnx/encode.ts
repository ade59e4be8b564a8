import { create, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { FormatError, UnsupportedError } from "../tensor/errors.ts";
import { quote } from "../tensor/printable.ts";
import { describeNode, MICROSOFT_DOMAIN, type Model, NCHWC_DOMAIN } from "./graph.ts";
import { nodesWithoutOpset } from "./proto/domains.ts";
import { encodeGraph, encodeInitializers, sortEntries } from "./proto/encode-graph.ts";
import { formatVersion } from "./proto/format-version.ts";
import { withRest } from "./proto/rest.ts";
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

/**
 * An ONNX file as chunks to be written one after another. Initializers are views of the tensors' own memory: they follow
 * in a second `graph` field, which protobuf merges with the first. Equal models give equal bytes.
 *
 * @throws {UnsupportedError} if a node is one of Residua's internal operators, or its operator set is not known
 * @throws {FormatError} from 2 GB on
 */
export function encodeModelChunks(model: Model): readonly Uint8Array[] {
  const frame = create(ModelProtoSchema, {
    irVersion: formatVersion(model.opsets),
    producerName: model.producer,
    graph: encodeGraph(model.graph, false),
    opsetImport: sortEntries(importedOpsets(model)).map(([domain, version]) => ({ domain, version: BigInt(version) })),
    metadataProps: sortEntries(model.metadata).map(([key, value]) => ({ key, value })),
  });
  const head = toBinary(ModelProtoSchema, withRest(frame, model.rest));
  const initializers = encodeInitializers(model.graph);
  const weights = initializers.length === 0 ? [] : delimitedField(ModelProtoSchema.field.graph.number, initializers);
  const size = head.length + lengthOf(weights);
  if (size <= MAXIMUM_BYTES) return [head, ...weights];
  throw new FormatError(
    model.graph.name || "model",
    `would take ${size} bytes, and an ONNX file holds less than 2 GB; keeping weights in a file beside it (external data) is not supported yet, so use a smaller model`,
  );
}

/** An ONNX file in one piece; see {@link encodeModelChunks}. */
export function encodeModel(model: Model): Uint8Array {
  return joinChunks(encodeModelChunks(model));
}
