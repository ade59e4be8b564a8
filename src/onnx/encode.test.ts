import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { expect, test } from "vitest";
import { toModel } from "../compile/inference.ts";
import { createNodeRuntime } from "../runtime/node.ts";
import { float32, type Tensor, zeros } from "../tensor/tensor.ts";
import { createGraphBuilder } from "./builder.ts";
import { decodeModel } from "./decode.ts";
import { encodeModel, encodeModelChunks } from "./encode.ts";
import { type Graph, MICROSOFT_DOMAIN, type Model, NCHWC_DOMAIN, type Node, RESIDUA_DOMAIN } from "./graph.ts";

function linear(): Graph {
  const g = createGraphBuilder("linear");
  const x = g.input("x", "float32", ["N", 2]);
  const y = g.op("Gemm", [
    x,
    g.initializer("w", float32([2, 2], [1, 2, 3, 4])),
    g.initializer("b", float32([2], [10, 20])),
  ]);
  g.output("y", y);
  return g.finish();
}

function withNode(node: Partial<Node>, opsets: ReadonlyMap<string, number> = new Map([["", 18]])): Model {
  const whole: Node = {
    op: "Relu",
    domain: "",
    name: "act",
    inputs: ["x"],
    outputs: ["y"],
    attributes: new Map(),
    ...node,
  };
  const value = { dtype: "float32", shape: [1] } as const;
  const graph: Graph = {
    name: "g",
    inputs: [{ name: "x", ...value }],
    outputs: [{ name: "y", ...value }],
    nodes: [whole],
    initializers: new Map(),
    types: new Map(),
  };
  return { graph, opsets, metadata: new Map(), producer: "test" };
}

async function run(model: Uint8Array, feeds: Readonly<Record<string, Tensor>>): Promise<readonly number[]> {
  const session = await createNodeRuntime().load(model, { threads: 1 });
  try {
    const { y } = await session.run(feeds);
    return Array.from((await y.read()).data, Number);
  } finally {
    await session.release();
  }
}

test("ONNX Runtime computes x·w + b from an encoded model, and from one decoded and encoded again", async () => {
  const bytes = encodeModel(toModel(linear()));
  const feeds = { x: float32([2, 2], [1, 0, 1, 1]) };
  expect(await run(bytes, feeds)).toEqual([11, 22, 14, 26]);
  expect(await run(encodeModel(decodeModel(bytes, "linear.onnx")), feeds)).toEqual([11, 22, 14, 26]);
});

test.for([
  { opset: 11, format: 8n },
  { opset: 18, format: 8n },
  { opset: 20, format: 9n },
  { opset: 21, format: 10n },
  { opset: 23, format: 11n },
])("operators of version $opset go with format $format, which ONNX Runtime accepts", async ({ opset, format }) => {
  const bytes = encodeModel(withNode({}, new Map([["", opset]])));
  expect(fromBinary(ModelProtoSchema, bytes).irVersion).toBe(format);
  expect(await run(bytes, { x: float32([1], [-3]) })).toEqual([0]);
});

test("open extents are written by name, known ones as numbers", () => {
  const [input] = fromBinary(ModelProtoSchema, encodeModel(toModel(linear()))).graph!.input;
  const declared = input.type!.value;
  const dims = declared.case === "tensorType" ? declared.value.shape!.dim.map(({ value }) => value.value) : [];
  expect(dims).toEqual(["N", 2n]);
});

test("ONNX Runtime's own operator sets are imported where nodes use them", () => {
  const versions = (domain: string): readonly (readonly [string, bigint])[] =>
    fromBinary(ModelProtoSchema, encodeModel(withNode({ domain }))).opsetImport.map((set) => [set.domain, set.version]);
  expect(versions(MICROSOFT_DOMAIN)).toEqual([
    ["", 18n],
    [MICROSOFT_DOMAIN, 1n],
  ]);
  expect(versions(NCHWC_DOMAIN)).toEqual([
    ["", 18n],
    [NCHWC_DOMAIN, 1n],
  ]);
});

test("an operator of a set without a version is refused, naming its node", () => {
  expect(() => encodeModel(withNode({ domain: "org.other" }))).toThrow(/"act".*org\.other/);
});

test("an internal operator is refused, naming its node and saying what to do", () => {
  const model = withNode({ domain: RESIDUA_DOMAIN, op: "ReluGradient" });
  expect(() => encodeModel(model)).toThrow(/"act".*"ReluGradient" is an internal operator; lower the graph/);
});

test("an attribute that must be whole is refused if it is not", () => {
  expect(() => encodeModel(withNode({ attributes: new Map([["axis", { kind: "int", value: 0.5 }]]) }))).toThrow(
    /"axis".*0\.5/,
  );
});

test("a model of 2 GB is refused, naming external data", () => {
  const model = toModel(linear());
  // One array behind all tensors: the limit is found without taking the memory.
  const part = zeros("float32", [2 ** 26]);
  const names = Array.from({ length: 8 }, (_, index) => `part${index}`);
  const initializers = new Map([...model.graph.initializers, ...names.map((name) => [name, part] as const)]);
  expect(() => encodeModelChunks({ ...model, graph: { ...model.graph, initializers } })).toThrow(/2 GB.*external data/);
});
