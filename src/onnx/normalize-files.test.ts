import { expect, test } from "vitest";
import { relativeError } from "../../test/support/golden.ts";
import { node, nodesModel, randomTensor, real } from "../../test/support/onnx-nodes.ts";
import { importNetwork } from "../nn/imported/import.ts";
import { createGraphModule } from "../nn/imported/graph-module.ts";
import { buildInference, toModel } from "../compile/inference.ts";
import { createNodeRuntime } from "../runtime/node.ts";
import { float32ToFloat16 } from "../tensor/half.ts";
import { float32, int64, type Tensor, tensor } from "../tensor/tensor.ts";
import { encodeModel } from "./encode.ts";
import type { Attribute, Graph, Model, Node } from "./graph.ts";
import { inferModel } from "./infer.ts";
import { normalizeModel } from "./normalize.ts";

// Each network is run by ONNX Runtime as it is, and again after it was brought to the internal form.

const images = randomTensor([2, 3, 6, 6], "images");
const kernel = randomTensor([4, 3, 3, 3], "kernel");
const matrix = randomTensor([4, 2], "matrix");
const vector = (name: string): Tensor<"float32"> =>
  float32(
    [4],
    randomTensor([4], name).data.map((x) => Math.abs(x) + 0.5),
  );

async function run(model: Model, feed: Tensor): Promise<Float32Array> {
  const session = await createNodeRuntime().load(encodeModel(model), { threads: 1, graphOptimization: "disabled" });
  const results = await session.run({ [session.inputNames[0]]: feed });
  const { data } = await results[session.outputNames[0]].read();
  await session.release();
  return data as Float32Array;
}

const head = [
  node("GlobalAveragePool", "features", "pooled"),
  node("Flatten", "pooled", "flat"),
  node("MatMul", "flat matrix", "y"),
];
const constants = { kernel, matrix };

/** A convolution, what is to be tested on its result `x4`, and a classifier. */
function network(opset: number, between: readonly Node[], more: Readonly<Record<string, Tensor>> = {}): Model {
  const nodes = [node("Conv", "x kernel", "x4", { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }), ...between, ...head];
  return nodesModel(opset, nodes, { x: [2, 3, 6, 6] }, { ...constants, ...more });
}

const scales: Attribute = { kind: "floats", value: [1, 1, 2, 2] };
const withScales = (made: Node): Node => ({ ...made, attributes: new Map([...made.attributes, ["scales", scales]]) });
const norm = { scale: vector("scale"), offset: vector("offset"), mean: vector("mean"), variance: vector("variance") };

const older: readonly (readonly [string, Model])[] = [
  ["Clip with attributes", network(7, [node("Clip", "x4", "features", { min: real(-0.2), max: real(0.4) })])],
  ["Clip with one bound", network(10, [node("Clip", "x4", "features", { min: real(0) })])],
  [
    "Slice with attributes",
    network(9, [node("Slice", "x4", "features", { starts: [1, 0], ends: [5, 3], axes: [2, 3] })]),
  ],
  [
    "Pad with attributes",
    network(8, [node("Pad", "x4", "features", { pads: [0, 0, 1, 2, 0, 0, 0, 1], value: real(0.5) })]),
  ],
  [
    "Pad by reflection",
    network(10, [node("Pad", "x4", "features", { mode: "reflect", pads: [0, 0, 1, 1, 0, 0, 1, 1] })]),
  ],
  ["Upsample with attributes", network(7, [withScales(node("Upsample", "x4", "features", { mode: "nearest" }))])],
  [
    "Upsample with an input",
    network(9, [node("Upsample", "x4 s", "features", { mode: "linear" })], { s: float32([4], [1, 1, 2, 2]) }),
  ],
  [
    "Resize of version 10",
    network(10, [node("Resize", "x4 s", "features", { mode: "nearest" })], { s: float32([4], [1, 1, 1.5, 2]) }),
  ],
  [
    "batch norm of version 7",
    network(7, [node("BatchNormalization", "x4 scale offset mean variance", "features", { spatial: 1 })], norm),
  ],
  ["Dropout of version 7", network(7, [node("Dropout", "x4", "features", { ratio: real(0.5) })])],
  ["Softmax over several axes", network(12, [node("Softmax", "x4", "features", { axis: 2 })])],
  ["ReduceMean of version 11", network(11, [node("ReduceMean", "x4", "features", { axes: [2], keepdims: 1 })])],
  ["opset 22", network(22, [node("Relu", "x4", "features")])],
  ["opset 23", network(23, [node("Relu", "x4", "features")])],
];

test.each(older)("%s computes the same in the internal form", async (_, model) => {
  const internal = inferModel(normalizeModel(model));
  expect(relativeError(await run(internal, images), await run(model, images))).toBeLessThan(2e-6);
});

const undeclared = { dtype: "float32", shape: [], opaque: "of no declared type" } as const;

function branch(name: string, op: string): Graph {
  const nodes = [{ ...node(op, "x4", `${name}.out`), name }];
  return {
    name,
    inputs: [],
    outputs: [{ name: `${name}.out`, ...undeclared }],
    nodes,
    initializers: new Map(),
    types: new Map(),
  };
}

test.each([0, 1])("an If whose condition is %i takes that branch", async (condition) => {
  const choice: Node = {
    ...node("If", "condition", "features"),
    attributes: new Map([
      ["then_branch", { kind: "graph", value: branch("then", "Relu") }],
      ["else_branch", { kind: "graph", value: branch("else", "Neg") }],
    ]),
  };
  const model = network(13, [choice], { condition: tensor("bool", [], Uint8Array.of(condition)) });
  const internal = inferModel(normalizeModel(model));
  expect(internal.graph.nodes.map(({ op }) => op)).not.toContain("If");
  expect(relativeError(await run(internal, images), await run(model, images))).toBeLessThan(1e-6);
});

/** Weights of the convolution per channel, activations per tensor, both quantised. */
function quantized(): Model {
  const nodes = [
    node("QuantizeLinear", "x xs xz", "xq"),
    node("DequantizeLinear", "xq xs xz", "xr"),
    node("DequantizeLinear", "wq ws wz", "w", { axis: 0 }),
    node("Conv", "xr w", "features", { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
    ...head,
  ];
  const integers = Int8Array.from({ length: 4 * 27 }, (_, index) => ((index * 37) % 255) - 127);
  return nodesModel(
    13,
    nodes,
    { x: [2, 3, 6, 6] },
    {
      matrix,
      xs: float32([], [0.02]),
      xz: tensor("uint8", [], Uint8Array.of(128)),
      wq: tensor("int8", [4, 3, 3, 3], integers),
      ws: float32([4], [0.01, 0.02, 0.005, 0.03]),
      wz: tensor("int8", [4], new Int8Array(4)),
    },
  );
}

test("quantised values keep their steps, and quantised weights become weights", async () => {
  const model = quantized();
  const internal = inferModel(normalizeModel(model));
  expect(internal.graph.initializers.get("w")?.dtype).toBe("float32");
  expect(relativeError(await run(internal, images), await run(model, images))).toBeLessThan(1e-6);
});

/** Within rounding of activations to 1/255 of their range, which training leaves out. */
const STEP = 0.05;

test("a quantised network is fine-tuned from real weights and activations", async () => {
  const model = quantized();
  const { graph, state, notes, imageShape } = importNetwork(model, "q.onnx", { seed: 0 });
  expect(notes.join()).toMatch(/1 quantised activations train as real numbers/);
  expect([...state.values()].map(({ shape }) => shape)).toContainEqual([4, 3, 3, 3]);
  const trained = toModel(buildInference(createGraphModule(graph), imageShape, state));
  expect(relativeError(await run(trained, images), await run(model, images))).toBeLessThan(STEP);
});

test("half-precision weights behind a Cast are widened, and trained", async () => {
  const half = tensor("float16", kernel.shape, float32ToFloat16(kernel.data));
  const nodes = [
    node("Cast", "half", "kernel", { to: 1 }),
    node("Conv", "x kernel", "features", { kernel_shape: [3, 3] }),
    ...head,
  ];
  const model = nodesModel(15, nodes, { x: [2, 3, 6, 6] }, { half, matrix });
  const internal = inferModel(normalizeModel(model));
  expect(internal.graph.nodes.map(({ op }) => op)).not.toContain("Cast");
  expect(relativeError(await run(internal, images), await run(model, images))).toBeLessThan(1e-6);
});

test("images with channels last become images with channels first, and the transposes cancel", async () => {
  const nodes = [
    node("Transpose", "x", "first", { perm: [0, 3, 1, 2] }),
    node("Conv", "first kernel", "features", { kernel_shape: [3, 3] }),
    ...head,
  ];
  const model = nodesModel(13, nodes, { x: [2, 6, 6, 3] }, constants);
  const { graph, state, imageShape } = importNetwork(model, "last.onnx", { seed: 0 });
  expect(imageShape).toEqual([3, 6, 6]);
  expect(graph.nodes.map(({ op }) => op)).not.toContain("Transpose");
  const last = float32(
    [2, 6, 6, 3],
    Float32Array.from({ length: 216 }, (_, index) => {
      const [channel, place, image] = [index % 3, Math.floor(index / 3) % 36, Math.floor(index / 108)];
      return images.data[(image * 3 + channel) * 36 + place];
    }),
  );
  const trained = toModel(buildInference(createGraphModule(graph), imageShape, state));
  expect(relativeError(await run(trained, images), await run(model, last))).toBeLessThan(1e-5);
});

test("pixels from 0 to 255 in front of a Cast are taken as they are, and this is said", () => {
  const nodes = [
    node("Cast", "x", "real", { to: 1 }),
    node("Conv", "real kernel", "features", { kernel_shape: [3, 3] }),
    ...head,
  ];
  const model = nodesModel(13, nodes, { x: [2, 3, 6, 6] }, constants);
  const bytes = {
    ...model,
    graph: { ...model.graph, inputs: [{ name: "x", dtype: "uint8", shape: [2, 3, 6, 6] } as const] },
  };
  expect(importNetwork(bytes, "u.onnx", { seed: 0 })).toMatchObject({ bytes: true, imageShape: [3, 6, 6] });
});

test("weights that are filled with one value count as weights", () => {
  const fill = { value: float32([1], [0.25]) };
  const nodes = [
    node("ConstantOfShape", "shape", "kernel", fill),
    node("Conv", "x kernel", "features", { kernel_shape: [3, 3] }),
    ...head,
  ];
  const { state } = importNetwork(
    nodesModel(9, nodes, { x: [2, 3, 6, 6] }, { matrix, shape: int64([4], [4, 3, 3, 3]) }),
    "f.onnx",
    { seed: 0 },
  );
  expect([...state.values()].map(({ shape }) => shape)).toContainEqual([4, 3, 3, 3]);
});

/** A file's own function `Act(a) = Relu(Neg(a))`, called from another function. */
function withFunctions(opset: number): Model {
  const call = (op: string, output: string): Node => ({ ...node(op, "x4", output), domain: "own" });
  const model = network(opset, [call("Outer", "features")]);
  const inner = (name: string, input: string, output: string, domain = "", opType = name): object => ({
    $typeName: "onnx.NodeProto",
    opType,
    domain,
    name,
    input: [input],
    output: [output],
    attribute: [],
  });
  const definition = (name: string, nodes: readonly object[]): object => ({
    $typeName: "onnx.FunctionProto",
    name,
    domain: "own",
    input: ["a"],
    output: ["b"],
    attribute: [],
    attributeProto: [],
    node: nodes,
    opsetImport: [
      { $typeName: "onnx.OperatorSetIdProto", domain: "", version: 17n },
      { $typeName: "onnx.OperatorSetIdProto", domain: "own", version: 1n },
    ],
  });
  const functions = [
    definition("Act", [inner("Neg", "a", "x4"), inner("Relu", "x4", "b")]),
    definition("Outer", [inner("first", "a", "m", "own", "Act"), inner("second", "m", "b", "own", "Act")]),
  ];
  return {
    ...model,
    opsets: new Map([
      ["", opset],
      ["own", 1],
    ]),
    rest: { functions },
  };
}

test("functions of a file are written out, whatever names they use inside", async () => {
  const internal = inferModel(normalizeModel(withFunctions(17)));
  expect(internal.graph.nodes.map(({ op }) => op).slice(0, 5)).toEqual(["Conv", "Neg", "Relu", "Neg", "Relu"]);
  const plain = network(17, [
    node("Neg", "x4", "n"),
    node("Relu", "n", "r"),
    node("Neg", "r", "s"),
    node("Relu", "s", "features"),
  ]);
  expect(await run(internal, images)).toEqual(await run(plain, images));
});

test("functions for another version of the operators are refused", () => {
  expect(() => normalizeModel(withFunctions(15))).toThrow(/uses version 17 of ONNX's operators, the model 15/);
});
