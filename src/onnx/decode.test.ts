import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as Type,
  type GraphProtoSchema,
  ModelProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  type TensorProtoSchema,
} from "onnx-buf";
import { expect, test, vi } from "vitest";
import { decodeModel, type DecodeOptions, type ReadExternal } from "./decode.ts";
import type { Model } from "./graph.ts";

type GraphInit = MessageInitShape<typeof GraphProtoSchema>;
type TensorInit = MessageInitShape<typeof TensorProtoSchema>;

function decodeGraph(graph: GraphInit, options?: DecodeOptions): Model {
  const message = create(ModelProtoSchema, { irVersion: 8n, opsetImport: [{ version: 17n }], graph });
  return decodeModel(toBinary(ModelProtoSchema, message), "file.onnx", options);
}

const decodeTensor = (init: TensorInit, options?: DecodeOptions): Model["graph"]["initializers"] =>
  decodeGraph({ initializer: [{ name: "w", ...init }] }, options).graph.initializers;

const relu = (name: string, input: string, output: string): object => ({
  opType: "Relu",
  name,
  input: [input],
  output: [output],
});

test.for([
  { dataType: DataType.FLOAT, floatData: [1.5, -2], dtype: "float32", values: [1.5, -2] },
  { dataType: DataType.DOUBLE, doubleData: [1.1, -2], dtype: "float64", values: [1.1, -2] },
  { dataType: DataType.INT64, int64Data: [-1n, 2n ** 62n], dtype: "int64", values: [-1n, 2n ** 62n] },
  { dataType: DataType.UINT64, uint64Data: [1n, 2n ** 64n - 1n], dtype: "uint64", values: [1n, 2n ** 64n - 1n] },
  { dataType: DataType.UINT32, uint64Data: [1n, 2n ** 32n - 1n], dtype: "uint32", values: [1, 2 ** 32 - 1] },
  { dataType: DataType.INT32, int32Data: [-(2 ** 31), 7], dtype: "int32", values: [-(2 ** 31), 7] },
  { dataType: DataType.INT8, int32Data: [-128, 127], dtype: "int8", values: [-128, 127] },
  { dataType: DataType.BOOL, int32Data: [0, 1], dtype: "bool", values: [0, 1] },
  // 0x3c00 is 1 in half precision.
  { dataType: DataType.FLOAT16, int32Data: [0x3c00, 0xffff], dtype: "float16", values: [0x3c00, 0xffff] },
  { dataType: DataType.INT16, rawData: Uint8Array.of(0xfe, 0xff, 1, 0), dtype: "int16", values: [-2, 1] },
])("an initializer listed as $dtype holds its elements", ({ dtype, values, ...init }) => {
  const tensor = decodeTensor({ dims: [2n], ...init }).get("w")!;
  expect(tensor.dtype).toBe(dtype);
  expect([...(tensor.data as Iterable<number | bigint>)]).toEqual(values);
});

test("a tensor in a node's attribute is decoded as an initializer is", () => {
  const t = { dims: [2n], dataType: DataType.INT64, int64Data: [3n, -4n] };
  const node = { opType: "Constant", output: ["c"], attribute: [{ name: "value", type: Type.TENSOR, t }] };
  const [decoded] = decodeGraph({ node: [node] }).graph.nodes;
  expect(decoded.attributes.get("value")).toMatchObject({ value: { shape: [2], data: BigInt64Array.of(3n, -4n) } });
});

test.for<[reason: RegExp, tensor: TensorInit]>([
  [/"w".*float32\[3\] needs 12 bytes, got 8/, { dims: [3n], dataType: DataType.FLOAT, rawData: new Uint8Array(8) }],
  [/"w".*float32\[3\] needs 12 bytes, got 0/, { dims: [3n], dataType: DataType.FLOAT }],
  [/"w".*needs 3 elements, got 2/, { dims: [3n], dataType: DataType.FLOAT, floatData: [1, 2] }],
  [/"w".*needs 1 elements, got 0/, { dims: [1n], dataType: DataType.FLOAT, doubleData: [1] }],
  [/"w".*impossible shape \[-1\]/, { dims: [-1n], dataType: DataType.FLOAT }],
  [/"w".*impossible shape/, { dims: [2n ** 40n, 2n ** 40n], dataType: DataType.FLOAT, rawData: new Uint8Array(8) }],
  [/"w".*element 1 is 300, which uint8 does not hold/, { dims: [2n], dataType: DataType.UINT8, int32Data: [1, 300] }],
  [/"w".*element 0 is 2, which bool does not hold/, { dims: [1n], dataType: DataType.BOOL, int32Data: [2] }],
  [/"w".*more than one form/, { dims: [1n], dataType: DataType.FLOAT, floatData: [1], rawData: new Uint8Array(4) }],
  [/"w".*no element type/, { dims: [1n], rawData: new Uint8Array(4) }],
  [/"w".*segments/, { dims: [1n], dataType: DataType.FLOAT, floatData: [1], segment: { begin: 0n, end: 1n } }],
])("a tensor that contradicts itself is refused: %s", ([reason, init]) => {
  expect(() => decodeTensor(init)).toThrow(reason);
});

const external = (entries: Readonly<Record<string, string>>): TensorInit => ({
  dims: [2n],
  dataType: DataType.FLOAT,
  dataLocation: DataLocation.EXTERNAL,
  externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
});

test("external data is asked for by place and length, and becomes the tensor", () => {
  const readExternal = vi.fn<ReadExternal>(() => new Uint8Array(Float32Array.of(3, 4).buffer));
  const tensor = decodeTensor(external({ location: "weights/a.bin", offset: "4096", length: "8" }), { readExternal });
  expect(readExternal).toHaveBeenCalledExactlyOnceWith("weights/a.bin", 4096, 8);
  expect(tensor.get("w")!.data).toEqual(Float32Array.of(3, 4));
});

test.for(["/etc/passwd", "../secret", "a/../../b", "..\\b", "C:\\b", "file:///b", "\\\\host\\b", "a\0b", ""])(
  "external data at %j, outside the model's folder, is refused without being read",
  (location) => {
    const readExternal = vi.fn<ReadExternal>(() => new Uint8Array(8));
    expect(() => decodeTensor(external({ location }), { readExternal })).toThrow(/own folder/);
    const kept = { ...external({ location }), dataType: DataType.STRING };
    expect(() => decodeTensor(kept, { readExternal })).toThrow(/own folder/);
    expect(readExternal).not.toHaveBeenCalled();
  },
);

test("external data without a reader, or of a length that is not the tensor's, is refused", () => {
  const readExternal = (): Uint8Array => new Uint8Array(4);
  expect(() => decodeTensor(external({ location: "a" }))).toThrow(/"w".*"a".*readExternal/);
  expect(() => decodeTensor(external({ location: "a" }), { readExternal })).toThrow(/"w".*4 of 8 bytes/);
  expect(() => decodeTensor(external({ location: "a", length: "9" }), { readExternal })).toThrow(/9 bytes.*require 8/);
  expect(() => decodeTensor(external({ location: "a", offset: "-1" }), { readExternal })).toThrow(/offset "-1"/);
});

test("nodes out of order are sorted; nodes in order keep theirs", () => {
  const names = (node: object[]): readonly string[] =>
    decodeGraph({ input: [{ name: "x" }], node }).graph.nodes.map(({ name }) => name);
  const [a, b, c] = [relu("a", "x", "p"), relu("b", "p", "q"), relu("c", "x", "r")];
  expect(names([b, a])).toEqual(["a", "b"]);
  expect(names([c, a, b])).toEqual(["c", "a", "b"]);
});

test("a node waits for what the graph in its attribute takes from outside", () => {
  const inner = { name: "inner", node: [relu("inside", "p", "i")], output: [{ name: "i" }] };
  const attribute = [{ name: "then_branch", type: Type.GRAPH, g: inner }];
  const branch = { opType: "If", name: "if", input: ["x"], output: ["y"], attribute };
  const { nodes } = decodeGraph({ input: [{ name: "x" }], node: [branch, relu("a", "x", "p")] }).graph;
  expect(nodes.map(({ name }) => name)).toEqual(["a", "if"]);
});

test("a circle is refused, naming a node on it and not one behind it", () => {
  const node = [relu("behind", "p", "z"), relu("first", "q", "p"), relu("second", "p", "q")];
  expect(() => decodeGraph({ node })).toThrow(/cycle: node "(first|second)"/);
});

test.for<[reason: RegExp, graph: GraphInit]>([
  [
    /"p" is made twice: by node "a" and by node "b"/,
    { input: [{ name: "x" }], node: [relu("a", "x", "p"), relu("b", "x", "p")] },
  ],
  [
    /"x" is made twice: by an input or initializer and by node "a"/,
    { input: [{ name: "x" }], node: [relu("a", "x", "x")] },
  ],
  [/node "a" uses "missing", which nothing makes/, { node: [relu("a", "missing", "p")] }],
  [/node that makes "p" uses "missing"/, { node: [relu("", "missing", "p")] }],
  [/output "y" is made by nothing/, { output: [{ name: "y" }] }],
  [/two inputs named "x"/, { input: [{ name: "x" }, { name: "x" }] }],
  [/input has no name/, { input: [{}] }],
  [/two outputs named "x"/, { input: [{ name: "x" }], output: [{ name: "x" }, { name: "x" }] }],
  [/has no operator/, { node: [{ output: ["y"] }] }],
  [
    /"alpha".*"a".*given twice/,
    {
      node: [
        {
          name: "a",
          opType: "Elu",
          attribute: [
            { name: "alpha", type: 1 },
            { name: "alpha", type: 1 },
          ],
        },
      ],
    },
  ],
  [
    /"alpha".*of type INT and holds FLOAT/,
    { node: [{ name: "a", opType: "Elu", attribute: [{ name: "alpha", type: 2, f: 1 }] }] },
  ],
  [/"alpha".*neither a type nor a value/, { node: [{ name: "a", opType: "Elu", attribute: [{ name: "alpha" }] }] }],
  [
    /"body".*holds no graph/,
    { node: [{ name: "a", opType: "Loop", attribute: [{ name: "body", type: Type.GRAPH }] }] },
  ],
  [/node "a".*"org.other"/, { node: [{ name: "a", opType: "Elu", domain: "org.other" }] }],
])("a graph that cannot run is refused: %s", ([reason, graph]) => {
  expect(() => decodeGraph(graph)).toThrow(reason);
});

test("an input that is also an initializer, as before ONNX 1.5, is no clash", () => {
  const tensor = { name: "w", dims: [1n], dataType: DataType.FLOAT, floatData: [1] };
  const { graph } = decodeGraph({ input: [{ name: "w" }], initializer: [tensor], node: [relu("a", "w", "y")] });
  expect(graph.inputs.map(({ name }) => name)).toEqual(["w"]);
});

test("values other than tensors of known rank say what they are", () => {
  const tensorType = (elemType: number, shape?: object): object => ({
    value: { case: "tensorType", value: { elemType, shape } },
  });
  const sequence = { value: { case: "sequenceType" as const, value: { elemType: tensorType(1, {}) } } };
  const input = [
    { name: "a", type: sequence },
    { name: "b", type: tensorType(DataType.STRING, {}) },
    { name: "c", type: tensorType(DataType.FLOAT) },
    { name: "d" },
  ];
  expect(decodeGraph({ input }).graph.inputs.map(({ opaque }) => opaque)).toEqual([
    "a sequence",
    "a tensor of string",
    "a tensor of unknown rank",
    "of no declared type",
  ]);
});

test("open extents without a name are told apart", () => {
  const dim = [
    {},
    { value: { case: "dimParam" as const, value: "?" } },
    { value: { case: "dimValue" as const, value: -1n } },
  ];
  const type = { value: { case: "tensorType" as const, value: { elemType: DataType.FLOAT, shape: { dim } } } };
  const [input] = decodeGraph({ input: [{ name: "x", type }] }).graph.inputs;
  expect(new Set(input.shape).size).toBe(3);
  expect(input.shape.every((extent) => typeof extent === "string")).toBe(true);
});

test.for<[reason: RegExp, model: MessageInitShape<typeof ModelProtoSchema>]>([
  [/no graph/, { irVersion: 8n, opsetImport: [{ version: 17n }] }],
  [/does not say its version of the format/, { opsetImport: [{ version: 17n }], graph: {} }],
  [/which version of ONNX's operators/, { irVersion: 8n, graph: {} }],
  [/"ai.onnx"; must be at least 1/, { irVersion: 8n, graph: {}, opsetImport: [{ version: -3n }] }],
  [/operator set "" twice/, { irVersion: 8n, graph: {}, opsetImport: [{ version: 17n }, { version: 18n }] }],
  [
    /metadata "k" twice/,
    { irVersion: 8n, graph: {}, opsetImport: [{ version: 17n }], metadataProps: [{ key: "k" }, { key: "k" }] },
  ],
])("a model that says too little or too much is refused: %s", ([reason, init]) => {
  const bytes = toBinary(ModelProtoSchema, create(ModelProtoSchema, init));
  expect(() => decodeModel(bytes, "file.onnx")).toThrow(reason);
});
