import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import fc from "fast-check";
import {
  type AttributeProto,
  AttributeProto_AttributeType as Type,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  type TypeProto,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });
const text = fc.string({ unit: "grapheme", maxLength: 8 });
const name = fc.string({ minLength: 1, maxLength: 8 });
const bytes = fc.uint8Array({ maxLength: 12 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const float = fc.float({ noNaN: true });
const properties = fc.uniqueArray(fc.record({ key: text, value: text }), { maxLength: 3, selector: ({ key }) => key });
const comments = fc.record({ docString: optional(text), metadataProps: properties });

/** A field that no version of ONNX has; readers must keep it. */
const unknown = fc
  .option(bytes, { nil: undefined, freq: 8 })
  .map((data) =>
    data === undefined ? {} : { $unknown: [{ no: 1000, wireType: 2, data: Uint8Array.from([data.length, ...data]) }] },
  );

function message<M extends Message>(build: (init: object) => M, init: object, kept: object): M {
  return Object.assign(build(init), kept);
}

/** Every form in which elements are stored, for three elements of each type. */
const tensorForms: fc.Arbitrary<object> = fc.oneof(
  fc.record({ dataType: fc.constant(DataType.FLOAT), floatData: fc.array(float, { minLength: 3, maxLength: 3 }) }),
  fc.record({
    dataType: fc.constant(DataType.DOUBLE),
    doubleData: fc.array(fc.double({ noNaN: true }), { minLength: 3, maxLength: 3 }),
  }),
  fc.record({ dataType: fc.constant(DataType.INT64), int64Data: fc.array(int64, { minLength: 3, maxLength: 3 }) }),
  fc.record({
    dataType: fc.constantFrom(DataType.UINT64, DataType.UINT32),
    uint64Data: fc.array(fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }), { minLength: 3, maxLength: 3 }),
  }),
  fc.record({
    dataType: fc.constantFrom(DataType.INT32, DataType.INT16, DataType.INT8),
    int32Data: fc.array(fc.integer({ min: -128, max: 127 }), { minLength: 3, maxLength: 3 }),
  }),
  fc.record({
    dataType: fc.constantFrom(DataType.UINT8, DataType.UINT16, DataType.FLOAT16, DataType.BFLOAT16),
    int32Data: fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 3, maxLength: 3 }),
  }),
  fc.record({ dataType: fc.constant(DataType.BOOL), int32Data: fc.array(fc.nat(1), { minLength: 3, maxLength: 3 }) }),
  fc.record({ dataType: fc.constant(DataType.FLOAT), rawData: fc.uint8Array({ minLength: 12, maxLength: 12 }) }),
  fc.record({ dataType: fc.constant(DataType.STRING), stringData: fc.array(bytes, { minLength: 3, maxLength: 3 }) }),
  fc.record({ dataType: fc.constant(DataType.INT4), rawData: fc.uint8Array({ minLength: 2, maxLength: 2 }) }),
  fc.record({ dataType: fc.constant(DataType.COMPLEX64), floatData: fc.array(float, { minLength: 6, maxLength: 6 }) }),
);

const tensor = (label: fc.Arbitrary<string>): fc.Arbitrary<TensorProto> =>
  fc
    .tuple(tensorForms, fc.constantFrom([3n], [1n, 3n], [3n, 1n, 1n]), label, comments, unknown)
    .map(([form, dims, at, about, kept]) =>
      message((init) => create(TensorProtoSchema, init), { ...form, dims, name: at, ...about }, kept),
    );

const dimension = fc.oneof(
  fc.record({ value: fc.record({ case: fc.constant("dimValue" as const), value: fc.bigInt({ min: -1n, max: 9n }) }) }),
  fc.record({
    value: fc.record({ case: fc.constant("dimParam" as const), value: fc.constantFrom("N", "batch", "?", "") }),
  }),
  fc.record({ denotation: text }),
);
const shape = fc.record({ dim: fc.array(dimension, { maxLength: 4 }) });
const elemType = fc.integer({ min: 0, max: 30 });

const { type } = fc.letrec<{ type: TypeProto }>((tie) => ({
  type: fc
    .tuple(
      fc.oneof(
        { maxDepth: 2 },
        fc.record({ case: fc.constant("tensorType"), value: fc.record({ elemType, shape: optional(shape) }) }),
        fc.record({ case: fc.constant("sparseTensorType"), value: fc.record({ elemType, shape: optional(shape) }) }),
        fc.record({ case: fc.constant("sequenceType"), value: fc.record({ elemType: tie("type") }) }),
        fc.record({ case: fc.constant("mapType"), value: fc.record({ keyType: elemType, valueType: tie("type") }) }),
        fc.record({ case: fc.constant("optionalType"), value: fc.record({ elemType: tie("type") }) }),
      ),
      optional(text),
      unknown,
    )
    .map(([value, denotation, kept]) => message((init) => create(TypeProtoSchema, init), { value, denotation }, kept)),
}));

const declaration = (label: string): fc.Arbitrary<ValueInfoProto> =>
  fc
    .tuple(optional(type), comments, unknown)
    .map(([declared, about, kept]) =>
      message((init) => create(ValueInfoProtoSchema, init), { name: label, type: declared, ...about }, kept),
    );

const sparse = (label: fc.Arbitrary<string>): fc.Arbitrary<object> =>
  fc.record({ values: tensor(label), indices: tensor(fc.constant("")), dims: fc.constant([9n]) });

const attributeValues = (graphs: fc.Arbitrary<GraphProto>): fc.Arbitrary<object> =>
  fc.oneof(
    fc.record({ type: fc.constant(Type.FLOAT), f: float }),
    fc.record({ type: fc.constant(Type.INT), i: int64 }),
    fc.record({ type: fc.constant(Type.STRING), s: bytes }),
    fc.record({ type: fc.constant(Type.TENSOR), t: tensor(text) }),
    fc.record({ type: fc.constant(Type.GRAPH), g: graphs }),
    fc.record({ type: fc.constant(Type.SPARSE_TENSOR), sparseTensor: sparse(text) }),
    fc.record({ type: fc.constant(Type.TYPE_PROTO), tp: type }),
    fc.record({ type: fc.constant(Type.FLOATS), floats: fc.array(float, { maxLength: 4 }) }),
    fc.record({ type: fc.constant(Type.INTS), ints: fc.array(int64, { maxLength: 4 }) }),
    fc.record({ type: fc.constant(Type.STRINGS), strings: fc.array(bytes, { maxLength: 3 }) }),
    fc.record({ type: fc.constant(Type.TENSORS), tensors: fc.array(tensor(text), { maxLength: 2 }) }),
    fc.record({ type: fc.constant(Type.GRAPHS), graphs: fc.array(graphs, { maxLength: 2 }) }),
    fc.record({ type: fc.constant(Type.TYPE_PROTOS), typeProtos: fc.array(type, { maxLength: 2 }) }),
    fc.record({ type: fc.constant(Type.INT), refAttrName: name }),
  );

const attribute = (graphs: fc.Arbitrary<GraphProto>): fc.Arbitrary<AttributeProto> =>
  fc
    .tuple(name, attributeValues(graphs), optional(text), unknown)
    .map(([label, value, docString, kept]) =>
      message((init) => create(AttributeProtoSchema, init), { name: label, ...value, docString }, kept),
    );

/** A node that makes "value<index>" from values before it. @param scope names that are there before the graph's nodes */
const node = (index: number, scope: readonly string[], graphs: fc.Arbitrary<GraphProto>): fc.Arbitrary<NodeProto> =>
  fc
    .tuple(
      fc.array(fc.constantFrom("", ...scope, ...Array.from({ length: index }, (_, at) => `value${at}`)), {
        maxLength: 3,
      }),
      fc.record({
        name: text,
        opType: name,
        domain: fc.constantFrom("", "ai.onnx", "com.example"),
        overload: optional(text),
      }),
      fc.uniqueArray(attribute(graphs), { maxLength: 3, selector: (one) => one.name }),
      comments,
      unknown,
    )
    .map(([input, head, attributes, about, kept]) => {
      const init = { ...head, input, output: [`value${index}`, ""], attribute: attributes, ...about };
      return message((fields) => create(NodeProtoSchema, fields), init, kept);
    });

const leaf: fc.Arbitrary<GraphProto> = fc.constant(create(GraphProtoSchema, { name: "leaf" }));

function graph(depth: number): fc.Arbitrary<GraphProto> {
  const graphs = depth === 0 ? leaf : graph(depth - 1);
  const scope = ["input0", "input1", "weight0", "weight1", "sparse0"];
  return fc
    .record({
      name: text,
      input: fc.tuple(declaration("input0"), declaration("input1"), declaration("weight0")),
      initializer: fc.tuple(tensor(fc.constant("weight0")), tensor(fc.constant("weight1"))),
      sparseInitializer: fc.tuple(sparse(fc.constant("sparse0"))),
      node: fc.nat(3).chain((count) => fc.tuple(...Array.from({ length: count }, (_, at) => node(at, scope, graphs)))),
      output: fc.tuple(declaration("weight1")),
      valueInfo: fc.oneof(fc.constant([]), fc.tuple(declaration("value0"))),
      quantizationAnnotation: fc.array(fc.record({ tensorName: name, quantParameterTensorNames: properties }), {
        maxLength: 2,
      }),
      about: comments,
      kept: unknown,
    })
    .map(({ about, kept, ...fields }) =>
      message((init) => create(GraphProtoSchema, init), { ...fields, ...about }, kept),
    );
}

/** Legal ONNX models with everything that the format has: all kinds of attributes, types, tensors and annotations. */
export const modelMessages: fc.Arbitrary<ModelProto> = fc
  .record({
    irVersion: fc.bigInt({ min: 3n, max: 13n }),
    opsetImport: fc.integer({ min: 1, max: 25 }).map((version) => [
      { domain: "", version: BigInt(version) },
      { domain: "com.example", version: 3n },
    ]),
    producerName: text,
    producerVersion: optional(text),
    domain: optional(text),
    modelVersion: optional(int64),
    graph: graph(1),
    trainingInfo: fc.array(fc.record({ algorithm: leaf, updateBinding: properties }), { maxLength: 1 }),
    functions: fc.array(fc.record({ name, domain: name, input: fc.array(name, { maxLength: 2 }), docString: text }), {
      maxLength: 1,
    }),
    configuration: fc.array(fc.record({ name, numDevices: fc.nat(8) }), { maxLength: 1 }),
    about: comments,
    kept: unknown,
  })
  .map(({ about, kept, ...fields }) =>
    message((init) => create(ModelProtoSchema, init), { ...fields, ...about }, kept),
  );

const listBytes: { readonly [Type in number]?: (values: TensorProto) => ArrayBufferView } = {
  [DataType.FLOAT]: (values) => Float32Array.from(values.floatData),
  [DataType.DOUBLE]: (values) => Float64Array.from(values.doubleData),
  [DataType.INT64]: (values) => BigInt64Array.from(values.int64Data),
  [DataType.UINT64]: (values) => BigUint64Array.from(values.uint64Data),
  [DataType.UINT32]: (values) => Uint32Array.from(values.uint64Data, Number),
  [DataType.INT32]: (values) => Int32Array.from(values.int32Data),
  [DataType.INT16]: (values) => Int16Array.from(values.int32Data),
  [DataType.INT8]: (values) => Int8Array.from(values.int32Data),
  [DataType.UINT8]: (values) => Uint8Array.from(values.int32Data),
  [DataType.BOOL]: (values) => Uint8Array.from(values.int32Data),
  [DataType.UINT16]: (values) => Uint16Array.from(values.int32Data),
  [DataType.FLOAT16]: (values) => Uint16Array.from(values.int32Data),
  [DataType.BFLOAT16]: (values) => Uint16Array.from(values.int32Data),
};

/** The elements of a tensor as raw bytes, whatever form they came in. */
function rawElements(values: TensorProto): object {
  if (values.rawData.length > 0) return { rawData: [...values.rawData] };
  const view = listBytes[values.dataType]?.(values);
  if (view === undefined) return {};
  const none = { floatData: [], doubleData: [], int32Data: [], int64Data: [], uint64Data: [] };
  return { ...none, rawData: [...new Uint8Array(view.buffer)] };
}

const byName = (a: unknown, b: unknown): number => {
  const key = (value: unknown): string => {
    const { name: label, key: property, domain } = value as Record<string, string | undefined>;
    return label ?? property ?? domain ?? "";
  };
  return key(a) < key(b) ? -1 : Number(key(a) > key(b));
};

/** Lists whose order says nothing. */
const unordered = ["attribute", "metadataProps", "opsetImport", "initializer"];

/** What a message says, without the ways in which ONNX lets one say it: defaults filled in, elements as raw bytes. */
export function meaningOf(schema: DescMessage, value: Message): object {
  const fields = schema.members.map((member): [string, unknown] => {
    const content = (value as unknown as Record<string, unknown>)[member.localName];
    if (member.kind === "oneof") {
      const chosen = content as { readonly case?: string; readonly value?: unknown };
      const inner = member.fields.find((field) => field.localName === chosen.case)?.message;
      const plain = inner && chosen.value ? meaningOf(inner, chosen.value as Message) : chosen.value;
      return [member.localName, { case: chosen.case, value: plain }];
    }
    if (content instanceof Uint8Array) return [member.localName, [...content]];
    if (Array.isArray(content)) {
      const inner = member.message;
      const plain = content.map((one: unknown) =>
        inner ? meaningOf(inner, one as Message) : one instanceof Uint8Array ? [...one] : one,
      );
      return [member.localName, unordered.includes(member.localName) ? plain.toSorted(byName) : plain];
    }
    return [member.localName, member.message && content ? meaningOf(member.message, content as Message) : content];
  });
  const raw = value.$typeName === "onnx.TensorProto" ? rawElements(value as TensorProto) : {};
  const unknownFields = value.$unknown?.map(({ no, data }) => ({ no, data: [...data] }));
  return { ...Object.fromEntries(fields), ...raw, unknownFields };
}
