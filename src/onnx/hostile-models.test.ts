import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import {
  AttributeProto_AttributeType as Type,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  TypeProtoSchema,
} from "onnx-buf";
import { expect, test } from "vitest";
import { modelMessages } from "../../test/support/onnx-messages.ts";
import { buildInference, toModel } from "../compile/inference.ts";
import { createModel } from "../nn/models.ts";
import { initializeState } from "../nn/initialization.ts";
import { FormatError, ResiduaError } from "../tensor/errors.ts";
import { decodeModel } from "./decode.ts";
import { encodeModel } from "./encode.ts";
import { delimitedField, joinChunks } from "./proto/wire.ts";

/** What comes of decoding and encoding: "read", or the message of a refusal. Any other error is thrown on. */
function readOrRefusal(bytes: Uint8Array): string {
  try {
    encodeModel(decodeModel(bytes, "file.onnx"));
    return "read";
  } catch (error) {
    if (error instanceof ResiduaError) return error.message;
    throw error;
  }
}

const oneLine = /^(read|file\.onnx: .+)$/;

const encoded = modelMessages.map((message) => toBinary(ModelProtoSchema, message));

test("a model truncated anywhere is decoded or refused in one line", () => {
  fc.assert(
    fc.property(encoded, fc.nat(), (bytes, at) => {
      expect(readOrRefusal(bytes.subarray(0, at % bytes.length))).toMatch(oneLine);
    }),
    { numRuns: 500 },
  );
});

test("a model with flipped bits is decoded or refused in one line", () => {
  const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(encoded, flips, (bytes, changes) => {
      const flipped = bytes.slice();
      for (const [at, mask] of changes) flipped[at % bytes.length] ^= mask;
      expect(readOrRefusal(flipped)).toMatch(oneLine);
    }),
    { numRuns: 1000 },
  );
});

test("a number that is too long is refused wherever it stands, in an initializer too", () => {
  const tooLong = [0x10, ...Array.from({ length: 10 }, () => 0xff), 0x01];
  const initializer = delimitedField(GraphProtoSchema.field.initializer.number, [Uint8Array.from(tooLong)]);
  for (const bytes of [withGraphBytes(joinChunks(initializer)), Uint8Array.from(tooLong)])
    expect(readOrRefusal(bytes)).toMatch(/^file\.onnx: [^\n]+$/);
});

test("bytes at random are decoded or refused in one line", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect(readOrRefusal(bytes)).toMatch(oneLine);
    }),
    { numRuns: 1000 },
  );
});

test("every way to truncated a whole network is refused", () => {
  const { module, imageShape } = createModel("resnet8", { shortcut: "pad" });
  const bytes = encodeModel(toModel(buildInference(module, imageShape, initializeState(module, 1))));
  for (let length = 0; length < bytes.length; length += 997) {
    expect(() => decodeModel(bytes.subarray(0, length), "file.onnx")).toThrow(FormatError);
  }
});

const frame = { irVersion: 8n, opsetImport: [{ version: 17n }] };
const GRAPH = ModelProtoSchema.field.graph.number;
const withGraphBytes = (graph: Uint8Array): Uint8Array =>
  joinChunks([toBinary(ModelProtoSchema, create(ModelProtoSchema, frame)), ...delimitedField(GRAPH, [graph])]);

test("a file of 40 MB that would become 20 million nodes is refused", () => {
  const node = GraphProtoSchema.field.node.number * 8 + 2;
  const bytes = withGraphBytes(new Uint8Array(new Uint16Array(20_000_000).fill(node).buffer));
  expect(() => decodeModel(bytes, "file.onnx")).toThrow(/half a gigabyte/);
});

test("graphs nested beyond reason are refused", () => {
  let graph: GraphProto = create(GraphProtoSchema, { name: "innermost" });
  for (let depth = 0; depth < 30; depth++) {
    graph = create(GraphProtoSchema, {
      node: [{ opType: "If", attribute: [{ name: "then_branch", type: Type.GRAPH, g: graph }] }],
    });
  }
  expect(() => decodeModel(withGraphBytes(toBinary(GraphProtoSchema, graph)), "file.onnx")).toThrow(/nested more than/);
});

test("types nested by a million levels are refused", () => {
  const sequence = TypeProtoSchema.field.sequenceType.number;
  // Each level is its length and what it holds, written from the inside out with lengths of four bytes.
  const level = 12;
  const depth = 1_000_000;
  const bytes = new Uint8Array(depth * level);
  const length = (value: number): readonly number[] => [
    (value & 127) | 128,
    ((value >> 7) & 127) | 128,
    ((value >> 14) & 127) | 128,
    (value >> 21) & 127,
  ];
  for (let index = 0; index < depth; index++) {
    const outer = (depth - index) * level - 5;
    bytes.set([sequence * 8 + 2, ...length(outer), 10, ...length(outer - 5), 0x18, 0], index * level);
  }
  const input = delimitedField(GraphProtoSchema.field.input.number, delimitedField(2, [bytes]));
  expect(() => decodeModel(withGraphBytes(joinChunks(input)), "file.onnx")).toThrow(FormatError);
});

test.for([
  ["an empty file", new Uint8Array()],
  ["a PNG", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)],
  ["a zip", Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0, 0, 0, 8, 0)],
  ["a JSON text", new TextEncoder().encode('{"format": "graph-model"}')],
] as const)("%s is refused as no ONNX file", ([, bytes]) => {
  expect(() => decodeModel(bytes, "file.onnx")).toThrow(/^file\.onnx: .*ONNX file/);
});

test("more attributes or dimensions than any network has are refused before an object is made for each", () => {
  const attributes = (count: number): GraphProto =>
    create(GraphProtoSchema, {
      node: [
        {
          opType: "Own",
          domain: "own",
          output: ["y"],
          attribute: Array.from({ length: count }, (_, at) => ({ name: `a${at}`, type: Type.INT, i: BigInt(at) })),
        },
      ],
      output: [{ name: "y" }],
    });
  const shape = (count: number): GraphProto => {
    const dim = Array.from({ length: count }, () => ({ value: { case: "dimValue", value: 1n } }) as const);
    const type = { value: { case: "tensorType", value: { elemType: 1, shape: { dim } } } } as const;
    return create(GraphProtoSchema, { input: [{ name: "x", type }] });
  };
  const tensor = (count: number): GraphProto =>
    create(GraphProtoSchema, {
      initializer: [{ name: "w", dataType: 1, dims: Array.from({ length: count }, () => 1n), floatData: [1] }],
    });
  const cases = [
    [attributes, 1024, "1024 attributes in one node"],
    [shape, 256, "256 dimensions in one shape"],
    [tensor, 256, "256 dimensions in one tensor"],
  ] as const;
  for (const [build, most, words] of cases) {
    const read = (count: number): string =>
      readOrRefusal(toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n, graph: build(count) })));
    expect(read(most), words).not.toMatch(/has more than/);
    for (const count of [most + 1, 200_000]) expect(read(count)).toBe(`file.onnx: is not read: has more than ${words}`);
  }
});
