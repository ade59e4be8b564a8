import { GraphProtoSchema, type ModelProto, ModelProtoSchema } from "onnx-buf";
import { FormatError } from "../tensor/errors.ts";
import { quote } from "../tensor/printable.ts";
import { describeNode, type Model, type Rest } from "./graph.ts";
import { parseMessage } from "./proto/parse-message.ts";
import { decodeGraph } from "./proto/decode-graph.ts";
import type { ReadExternal } from "./proto/external.ts";
import { nodesWithoutOpset } from "./proto/domains.ts";
import { formatVersion } from "./proto/format-version.ts";
import { readInitializer } from "./proto/initializer.ts";
import { checkLimits, createBudget, spend } from "./proto/limits.ts";
import { restOf } from "./proto/unknown-fields.ts";
import type { TensorFields } from "./proto/tensor.ts";
import { delimitedField, joinChunks, openCursor, readField, type WireField, wireTypes } from "./proto/wire.ts";

export type { ReadExternal } from "./proto/external.ts";

/** Options of decoding. */
export interface DecodeOptions {
  /** Reads weights stored in files beside the model's. Without it, a model that has any is refused. */
  readonly readExternal?: ReadExternal;
}

const GRAPH = ModelProtoSchema.field.graph.number;
const INITIALIZER = GraphProtoSchema.field.initializer.number;

const modelFields: readonly string[] = ["graph", "opsetImport", "metadataProps", "producerName"];

/** Other contents of the model's message; the format's version only if it is not the usual one for the operators. */
function modelRest(message: ModelProto, opsets: ReadonlyMap<string, number>): { readonly rest?: Rest } {
  return restOf(message, message.irVersion === formatVersion(opsets) ? [...modelFields, "irVersion"] : modelFields);
}

/** A file split up: everything except the graph's initializers, which are most of it and are parsed one by one. */
interface Parts {
  readonly skeleton: Uint8Array;
  readonly initializers: readonly Uint8Array[];
}

const holds = (field: WireField, number: number): boolean =>
  field.number === number && field.type === wireTypes.delimited;

interface Range {
  readonly begin: number;
  end: number;
}

/** Adds a field to those that are kept together; one right after the last is joined to it. */
function addField(ranges: Range[], { begin, end }: WireField): void {
  const last = ranges.at(-1);
  if (last?.end === begin) last.end = end;
  else ranges.push({ begin, end });
}

/** A `graph` field that occurs twice is one graph: protobuf merges them. */
function takeApart(where: string, bytes: Uint8Array): Parts {
  const outer: Range[] = [];
  const inner: Range[] = [];
  const initializers: Uint8Array[] = [];
  const cursor = openCursor(where, bytes);
  let found = readField(cursor);
  if (found === undefined) throw new FormatError(where, "is empty; must be an ONNX file");
  let hasGraph = false;
  for (; found !== undefined; found = readField(cursor)) {
    if (!holds(found, GRAPH)) {
      addField(outer, found);
      continue;
    }
    hasGraph = true;
    const inside = openCursor(where, bytes, found.start, found.end);
    for (let field = readField(inside); field !== undefined; field = readField(inside)) {
      if (holds(field, INITIALIZER)) initializers.push(bytes.subarray(field.start, field.end));
      else addField(inner, field);
    }
  }
  if (!hasGraph) throw new FormatError(where, "holds no graph; must be an ONNX file");
  const [model, graph] = [outer, inner].map((ranges) => ranges.map(({ begin, end }) => bytes.subarray(begin, end)));
  return { skeleton: joinChunks([...model, ...delimitedField(GRAPH, graph)]), initializers };
}

function toMap<V>(where: string, what: string, entries: readonly (readonly [string, V])[]): ReadonlyMap<string, V> {
  const map = new Map<string, V>();
  for (const [key, value] of entries) {
    if (map.has(key)) throw new FormatError(where, `gives ${what} ${quote(key)} twice`);
    map.set(key, value);
  }
  return map;
}

function decodeOpsets(where: string, message: ModelProto): ReadonlyMap<string, number> {
  const entries = message.opsetImport.map(({ domain, version }) => {
    if (version >= 1n && version < 2n ** 31n) return [domain, Number(version)] as const;
    throw new FormatError(
      where,
      `imports version ${version} of the operators ${quote(domain || "ai.onnx")}; must be at least 1`,
    );
  });
  // Before version 3 of the format there was one version of the operators.
  if (entries.length === 0 && message.irVersion < 3n) return new Map([["", 1]]);
  if (entries.length === 0) throw new FormatError(where, "does not say which version of ONNX's operators it uses");
  return toMap(where, "the operator set", entries);
}

/**
 * A model from the bytes of an ONNX file, with everything in it: whatever Residua has no form for is kept as it is, and
 * {@link encodeModel} writes it back. Tensors are views of `bytes` if these are aligned. Nodes are sorted so that each
 * comes after those it depends on.
 *
 * The bytes are not trusted: sizes are checked before memory is allocated, and files are read only through
 * `readExternal`.
 *
 * @param where the file's name, for errors
 * @throws {FormatError} if the file is corrupt or truncated, its graph has a cycle, or names clash or are missing
 * @throws {UnsupportedError} if weights are in other files and `readExternal` is not given, or outside the model's
 *   folder
 */
export function decodeModel(bytes: Uint8Array, where: string, options: DecodeOptions = {}): Model {
  const budget = createBudget();
  const parts = takeApart(where, bytes);
  checkLimits(ModelProtoSchema, openCursor(where, parts.skeleton), budget);
  const message = parseMessage(where, ModelProtoSchema, parts.skeleton);
  if (message.irVersion < 1n || message.graph === undefined) {
    throw new FormatError(where, "does not say its version of the format; must be an ONNX file");
  }
  const initializers = parts.initializers.map((part): TensorFields => {
    spend(budget, where, 16);
    return readInitializer(where, part, budget);
  });
  const opsets = decodeOpsets(where, message);
  const graph = decodeGraph({ where, readExternal: options.readExternal }, message.graph, initializers, false);
  const [stray] = nodesWithoutOpset(graph, opsets);
  if (stray !== undefined) {
    const domain = stray.domain || "ai.onnx";
    throw new FormatError(
      where,
      `node ${describeNode(stray)} uses operators of ${quote(domain)}, whose version the model does not state`,
    );
  }
  const properties = message.metadataProps.map(({ key, value }) => [key, value] as const);
  return {
    graph,
    opsets,
    metadata: toMap(where, "the metadata", properties),
    producer: message.producerName,
    ...modelRest(message, opsets),
  };
}
