import { describe, expect, test } from "vitest";
import { node, nodesModel, type PlainAttribute, randomTensor, real, runModel } from "../../test/support/onnx-nodes.ts";
import type { SymbolicShape } from "../tensor/shape.ts";
import { float32, int64, type Tensor, tensor } from "../tensor/tensor.ts";
import type { Graph, Node } from "./graph.ts";
import { inferModel } from "./infer.ts";

const whole = (...values: readonly number[]): Tensor => int64([values.length], values);

const infer = (
  nodes: readonly Node[],
  shape: SymbolicShape,
  constants: Readonly<Record<string, Tensor>> = {},
  outputs?: readonly string[],
): Graph => inferModel(nodesModel(18, nodes, { x: shape }, constants, outputs)).graph;

/** The numbers that a Reshape or Expand turns into. */
function targetOf(graph: Graph, op: string): readonly number[] {
  const { inputs } = graph.nodes.find((one) => one.op === op)!;
  return Array.from(graph.initializers.get(inputs[1])!.data as BigInt64Array, Number);
}

const scalar = (value: number): Tensor => int64([], [value]);

/** `x.view(x.size(0), -1)` as PyTorch writes it. */
const viewChain = [
  node("Shape", "x", "shape"),
  node("Gather", "shape zero", "batch", { axis: 0 }),
  node("Unsqueeze", "batch axis", "first"),
  node("Concat", "first rest", "target", { axis: 0 }),
  node("Reshape", "x target", "y"),
];

describe("shape computations are computed ahead", () => {
  test("a flattening that reads an open batch copies it", () => {
    const graph = infer(viewChain, ["N", 3, 4], { zero: scalar(0), axis: whole(0), rest: whole(-1) });
    expect(graph.nodes.map(({ op }) => op)).toEqual(["Reshape"]);
    expect(targetOf(graph, "Reshape")).toEqual([0, -1]);
    expect(graph.outputs[0].shape).toEqual(["N", 12]);
  });

  test("the same with a known batch has it as a number", () => {
    const graph = infer(viewChain, [2, 3, 4], { zero: scalar(0), axis: whole(0), rest: whole(-1) });
    expect(targetOf(graph, "Reshape")).toEqual([2, -1]);
    expect(graph.outputs[0].shape).toEqual([2, 12]);
  });

  test("an open extent that moves to another axis is left to be computed", () => {
    const nodes = [
      node("Transpose", "x", "t", { perm: [1, 0] }),
      node("Shape", "x", "target"),
      node("Reshape", "t target", "y"),
    ];
    const graph = infer(nodes, ["N", 6]);
    expect(targetOf(graph, "Reshape")).toEqual([-1, 6]);
    expect(graph.outputs[0].shape).toEqual(["N", 6]);
  });

  test("channels split into groups keep the open batch", () => {
    const nodes = [
      node("Shape", "x", "n", { start: 0, end: 1 }),
      node("Shape", "x", "c", { start: 1, end: 2 }),
      node("Div", "c two", "half"),
      node("Concat", "n two half rest", "target", { axis: 0 }),
      node("Reshape", "x target", "y"),
    ];
    const graph = infer(nodes, ["N", 8, 5, 5], { two: whole(2), rest: whole(5, 5) });
    expect(targetOf(graph, "Reshape")).toEqual([0, 2, 4, 5, 5]);
    expect(graph.outputs[0].shape).toEqual(["N", 2, 4, 5, 5]);
  });

  test("an expansion to an open batch leaves that axis alone", () => {
    const nodes = [
      node("Shape", "x", "n", { start: 0, end: 1 }),
      node("Concat", "n seven", "wanted", { axis: 0 }),
      node("Equal", "wanted minus", "free"),
      node("Where", "free ones wanted", "target"),
      node("Expand", "x target", "y"),
    ];
    const graph = infer(nodes, ["N", 1], { seven: whole(7), minus: whole(-1, -1), ones: whole(1, 1) });
    expect(targetOf(graph, "Expand")).toEqual([1, 7]);
    expect(graph.outputs[0].shape).toEqual(["N", 7]);
  });

  test("two extents that are not known cannot both be left to be computed", () => {
    const nodes = [
      node("Shape", "x", "n", { start: 0, end: 1 }),
      node("Shape", "x", "h", { start: 2, end: 3 }),
      node("Concat", "h n rest", "target", { axis: 0 }),
      node("Reshape", "x target", "y"),
    ];
    expect(() => infer(nodes, ["N", 3, "H"], { rest: whole(3) })).toThrow(/"node y".*input 1 must be a constant/);
  });

  test("an operator that is only computed ahead is refused where its result is needed", () => {
    const nodes = [node("Shape", "x", "s"), node("Cast", "s", "f", { to: 1 }), node("ReduceProd", "f", "y")];
    expect(() => infer(nodes, ["N", 3])).toThrow(
      /"node y".*"ReduceProd" is not supported on values that are not constant/,
    );
  });
});

/** Cases on constants only: what comes out is compared with what ONNX Runtime computes. */
const one = (
  op: string,
  inputs: readonly Tensor[],
  given: Readonly<Record<string, PlainAttribute>> = {},
): [string, Node, readonly Tensor[]] => [
  `${op} {${Object.keys(given).join(",")}} of ${inputs.map(({ dtype, shape }) => `${dtype}[${shape.join(",")}]`).join(", ")}`,
  node(op, inputs.map((_, index) => `c${index}`).join(" "), "y", given),
  inputs,
];
const grid = int64([2, 3], [1, -2, 3, 4, 5, -6]);
const halves = float32([4], [-1.5, -0.5, 0.5, 2.5]);
const bools = (...values: readonly number[]): Tensor => tensor("bool", [values.length], Uint8Array.from(values));

test.for([
  ...["Add", "Sub", "Mul", "Div", "Max", "Min"].flatMap((op) => [
    one(op, [grid, whole(7, -2, 3)]),
    one(op, [halves, float32([], [0.3])]),
  ]),
  ...["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"].map((op) => one(op, [grid, whole(1, -3, 3)])),
  ...["And", "Or"].map((op) => one(op, [bools(0, 0, 1, 1), bools(0, 1, 0, 1)])),
  ...["Abs", "Neg"].flatMap((op) => [one(op, [grid]), one(op, [halves])]),
  ...["Ceil", "Floor"].map((op) => one(op, [halves])),
  one("Not", [bools(0, 1)]),
  one("Cast", [halves], { to: 7 }),
  one("Cast", [grid], { to: 1 }),
  one("Cast", [halves], { to: 9 }),
  one("Where", [bools(0, 1, 1), grid, int64([], [9])]),
  one("Concat", [whole(1), whole(2, 3)], { axis: 0 }),
  one("Gather", [grid, int64([1, 2], [-1, 0])], { axis: 1 }),
  one("Gather", [grid, int64([], [1])]),
  one("Slice", [grid, whole(-1), whole(-100), whole(1), whole(-2)]),
  one("Slice", [grid, whole(0, 1), whole(100, -1)]),
  one("Slice", [grid, whole(5), whole(0), whole(1), whole(-1)]),
  one("Squeeze", [int64([1, 2, 1], [5, 6]), whole(-1)]),
  one("Squeeze", [int64([1, 2, 1], [5, 6])]),
  one("Unsqueeze", [grid, whole(-1, 0)]),
  one("Transpose", [grid]),
  one("Transpose", [int64([2, 1, 3], [1, 2, 3, 4, 5, 6])], { perm: [2, 0, 1] }),
  one("Reshape", [grid, whole(-1, 2)]),
  one("Reshape", [grid, whole(0, -1, 1)]),
  one("Expand", [int64([2, 1], [1, 2]), whole(3, 1, 2)]),
  one("ConstantOfShape", [whole(2, 2)], { value: int64([1], [3]) }),
  one("ConstantOfShape", [whole(3)]),
  one("Range", [int64([], [1]), int64([], [8]), int64([], [3])]),
  one("ReduceProd", [whole(2, 3, 4)]),
  one("ReduceProd", [whole(2, 3, 4), whole(0)], { keepdims: 0 }),
  one("ReduceSum", [halves, whole(0)]),
  one("Shape", [grid], { start: -1 }),
  one("Size", [grid]),
  one("Constant", [], { value_ints: [1, -2] }),
  one("Constant", [], { value_int: 5 }),
  one("Constant", [], { value_float: real(0.1) }),
])("computed ahead as ONNX Runtime computes it: %s", async ([, operator, inputs]) => {
  const constants = Object.fromEntries(inputs.map((value, index) => [`c${index}`, value]));
  const model = nodesModel(18, [operator], { x: [1] }, constants);
  const { y } = await runModel(model, { x: randomTensor([1], "x") });
  const { graph } = inferModel(model);
  expect(graph.nodes).toEqual([]);
  expect(graph.initializers.get("y")).toEqual(y);
});

describe("types", () => {
  test("every value between has one", () => {
    const graph = infer(
      [node("Relu", "x", "a"), node("GlobalAveragePool", "a", "b"), node("Flatten", "b", "y")],
      ["N", 8, 4, 4],
    );
    expect(Object.fromEntries(graph.types)).toMatchObject({
      a: { dtype: "float32", shape: ["N", 8, 4, 4] },
      b: { shape: ["N", 8, 1, 1] },
      y: { shape: ["N", 8] },
    });
  });

  test("an output that is declared otherwise is refused, naming both shapes", () => {
    const model = nodesModel(18, [node("Relu", "x", "y")], { x: ["N", 3] });
    const outputs = [{ name: "y", dtype: "float32", shape: ["N", 4] }] as const;
    expect(() => inferModel({ ...model, graph: { ...model.graph, outputs } })).toThrow(/"y".*\[N,4\].*\[N,3\]/);
  });

  test("an input that is no tensor is refused, saying what it is", () => {
    const model = nodesModel(18, [node("Relu", "x", "y")], {});
    const inputs = [{ name: "x", dtype: "float32", shape: [], opaque: "a sequence" }] as const;
    expect(() => inferModel({ ...model, graph: { ...model.graph, inputs } })).toThrow(/input "x": is a sequence/);
  });

  test("a model of other operators than version 18 is sent to normalizeModel", () => {
    expect(() => inferModel(nodesModel(17, [node("Relu", "x", "y")], { x: [1] }))).toThrow(
      /version 17.*normalizeModel/,
    );
  });

  test.for<[RegExp, Node]>([
    [/"node y".*cannot multiply/, node("Gemm", "x x", "y")],
    [/"node y".*axis 5 is outside/, node("Concat", "x x", "y", { axis: 5 })],
    [/"node y".*axis undefined/, node("Concat", "x x", "y")],
    [/"node y"/, node("Transpose", "x", "y", { perm: [0, 7, 1] })],
    [/"node y"/, node("Transpose", "x", "y", { perm: [-1, 0, 1] })],
    [/"node y"/, node("Conv", "x", "y")],
    [/"node y"/, node("Relu", "", "y")],
    [/"node y"/, node("MaxPool", "x", "y", { kernel_shape: [-1] })],
    [/"node y"/, node("Relu", "x", "y z")],
  ])("inputs that do not fit are refused, naming the node: %s", ([reason, wrong]) => {
    expect(() => infer([wrong], [2, 3, 4])).toThrow(reason);
  });
});
