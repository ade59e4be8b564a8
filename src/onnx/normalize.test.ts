import { expect, test } from "vitest";
import { relativeError } from "../../test/support/golden.ts";
import { node, nodesModel, type PlainAttribute, randomTensor, real, runModel } from "../../test/support/onnx-nodes.ts";
import { runGraph } from "../../test/support/run-graph.ts";
import { float32, int64, type Tensor, tensor } from "../tensor/tensor.ts";
import type { Model, Node } from "./graph.ts";
import { inferModel } from "./infer.ts";
import { normalizeModel } from "./normalize.ts";
import { findOperator } from "./operators/index.ts";

interface Case {
  readonly says: string;
  readonly opset: number;
  readonly nodes: readonly Node[];
  readonly x: readonly number[];
  readonly constants?: Readonly<Record<string, Tensor>>;
  readonly outputs?: readonly string[];
}

const whole = (...values: readonly number[]): Tensor => int64([values.length], values);
const attributes = (opset: number, axes: readonly number[], since: number): Readonly<Record<string, PlainAttribute>> =>
  opset < since ? { axes } : {};

/** One node on x. */
const one = (
  op: string,
  opset: number,
  x: readonly number[],
  given: Readonly<Record<string, PlainAttribute>> = {},
  constants: Readonly<Record<string, Tensor>> = {},
  inputs: string = ["x", ...Object.keys(constants)].join(" "),
): Case => ({ says: JSON.stringify(given), opset, nodes: [node(op, inputs, "y", given)], x, constants });

const reductions = ["ReduceL1", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum", "ReduceSumSquare"];
const weight = randomTensor([4, 3, 3, 3], "weight");
const transposed = randomTensor([3, 4, 3, 3], "transposed");
const grouped = randomTensor([6, 1, 3, 3], "grouped");

const axesCases = [11, 12, 13, 17].flatMap((opset) => [
  ...reductions.map((op) => {
    const since = op === "ReduceSum" ? 13 : 18;
    return one(
      op,
      opset,
      [2, 3, 4],
      { ...attributes(opset, [-1, 0], since), keepdims: 0 },
      opset < since ? {} : { a: whole(-1, 0) },
    );
  }),
  one("Squeeze", opset, [2, 1, 3, 1], attributes(opset, [1, -1], 13), opset < 13 ? {} : { a: whole(1, -1) }),
  one("Squeeze", opset, [2, 1, 3, 1]),
  one("Unsqueeze", opset, [2, 3], attributes(opset, [0, -1], 13), opset < 13 ? {} : { a: whole(0, -1) }),
]);

const windowCases = ["SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET"].flatMap((auto_pad) =>
  [1, 2, 3].flatMap((stride) => {
    const strides = [stride, stride];
    return [
      one("Conv", 11, [2, 3, 8, 7], { auto_pad, strides }, { w: weight }),
      one("Conv", 17, [2, 6, 9, 6], { auto_pad, strides, group: 6, kernel_shape: [3, 3] }, { w: grouped }),
      one("MaxPool", 11, [2, 3, 8, 7], { auto_pad, strides, kernel_shape: [3, 2] }),
      one("AveragePool", 11, [2, 3, 8, 7], { auto_pad, strides, kernel_shape: [2, 3] }),
      one("ConvTranspose", 11, [2, 3, 5, 4], { auto_pad, strides }, { w: transposed }),
    ];
  }),
);

const resizeInputs = (
  opset: number,
  scales: Tensor | undefined,
  sizes: Tensor | undefined,
): Readonly<Record<string, Tensor>> =>
  opset === 10 ? { s: scales! } : { roi: float32([0], []), s: scales ?? float32([0], []), ...(sizes ? { sizes } : {}) };

const transforms = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"];
const roundings = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"];
const twice = float32([4], [1, 1, 2, 2]);
const third = float32([4], [1, 1, 1.5, 0.4]);
const resizeCases = [
  ...transforms.flatMap((coordinate_transformation_mode) =>
    [twice, third].flatMap((scales) => [
      ...["linear", "cubic"].map((mode) =>
        one("Resize", 11, [1, 2, 5, 7], { mode, coordinate_transformation_mode }, resizeInputs(11, scales, undefined)),
      ),
      ...roundings.map((nearest_mode) =>
        one(
          "Resize",
          13,
          [1, 2, 5, 7],
          { coordinate_transformation_mode, nearest_mode },
          resizeInputs(13, scales, undefined),
        ),
      ),
    ]),
  ),
  ...["linear", "nearest", "cubic"].flatMap((mode) => [
    one("Resize", 11, [1, 2, 5, 7], { mode }, resizeInputs(11, undefined, whole(1, 2, 3, 14))),
    one("Resize", 18, [1, 2, 5, 7], { mode, axes: [2, 3] }, { roi: float32([0], []), s: float32([2], [3, 0.5]) }),
  ]),
  one(
    "Resize",
    17,
    [1, 2, 5, 7],
    { mode: "cubic", exclude_outside: 1, cubic_coeff_a: real(-0.5) },
    resizeInputs(17, twice, undefined),
  ),
  one(
    "Resize",
    19,
    [1, 2, 5, 7],
    { mode: "linear", coordinate_transformation_mode: "half_pixel_symmetric" },
    resizeInputs(19, third, undefined),
  ),
  one("Resize", 13, [1, 2, 3, 4, 5], { mode: "linear" }, resizeInputs(13, float32([5], [1, 1, 2, 2, 2]), undefined)),
];

const statistics = {
  gamma: randomTensor([3], "gamma"),
  beta: randomTensor([3], "beta"),
  mean: randomTensor([3], "mean"),
  variance: float32([3], [0.5, 1, 2]),
};

const otherCases: readonly Case[] = [
  ...["Softmax", "LogSoftmax"].flatMap((op) =>
    [11, 12, 13].flatMap((opset) => [
      one(op, opset, [2, 3, 4]),
      one(op, opset, [2, 3, 4], { axis: 0 }),
      one(op, opset, [2, 3, 4], { axis: -1 }),
      one(op, opset, [2, 3, 4], { axis: -2 }),
    ]),
  ),
  {
    says: "sizes as an attribute",
    opset: 11,
    nodes: [node("Split", "x", "y z", { axis: 1, split: [1, 3] })],
    x: [2, 4],
    outputs: ["y", "z"],
  },
  { says: "equal parts", opset: 11, nodes: [node("Split", "x", "y z", { axis: -1 })], x: [2, 4], outputs: ["y", "z"] },
  { says: "equal parts", opset: 13, nodes: [node("Split", "x", "y z")], x: [2, 4], outputs: ["y", "z"] },
  {
    says: "sizes",
    opset: 13,
    nodes: [node("Split", "x s", "y z")],
    x: [4, 2],
    constants: { s: whole(3, 1) },
    outputs: ["y", "z"],
  },
  { says: "uneven", opset: 18, nodes: [node("Split", "x", "y z", { num_outputs: 2 })], x: [5, 2], outputs: ["y", "z"] },
  one("Pad", 11, [2, 3], {}, { p: whole(0, 1, 2, 0) }),
  one("Pad", 13, [2, 3], { mode: "reflect" }, { p: whole(0, 1, 1, 0) }),
  one("Pad", 18, [2, 3], {}, { p: whole(1, 2), v: float32([], [7]), a: whole(-1) }),
  one("Clip", 11, [2, 3], {}, { low: float32([], [-0.5]), high: float32([], [0.5]) }),
  one("Clip", 13, [2, 3], {}, { high: float32([], [0.5]) }, "x - high"),
  one("BatchNormalization", 11, [2, 3, 4, 4], { epsilon: real(0.01) }, statistics),
  one("BatchNormalization", 14, [2, 3, 4, 4], {}, statistics),
  one("BatchNormalization", 15, [2, 3], { momentum: real(0.8) }, statistics),
  one("Dropout", 11, [2, 3], { ratio: real(0.5) }),
  one("Dropout", 13, [2, 3], {}, { ratio: float32([], [0.5]), training: tensor("bool", [], Uint8Array.of(0)) }),
  one("Pow", 13, [2, 3], {}, { e: whole(2) }),
  one("Sum", 13, [2, 3], {}, {}, "x x x"),
  one("HardSwish", 14, [2, 30]),
  one("Cast", 19, [2, 3], { to: 7, saturate: 1 }),
  one("Reshape", 19, [2, 6], { allowzero: 0 }, { s: whole(0, 2, -1) }),
  one("Flatten", 21, [2, 3, 4], { axis: 2 }),
  one("Transpose", 21, [2, 3, 4], { perm: [2, 0, 1] }),
  one("AveragePool", 19, [1, 2, 5, 5], {
    kernel_shape: [3, 3],
    dilations: [1, 1],
    count_include_pad: 1,
    pads: [1, 1, 1, 1],
  }),
  one(
    "ConvTranspose",
    11,
    [1, 3, 5, 4],
    { strides: [2, 2], output_shape: [10, 9], auto_pad: "SAME_UPPER" },
    { w: transposed },
  ),
  one("ConvTranspose", 11, [1, 3, 5, 4], { strides: [2, 2], output_shape: [10, 8] }, { w: transposed }),
  {
    says: "is a constant",
    opset: 13,
    nodes: [node("Constant", "", "c", { value: randomTensor([3], "c") }), node("Add", "x c", "y")],
    x: [2, 3],
  },
  {
    says: "is a constant",
    opset: 13,
    nodes: [node("Constant", "", "c", { value_ints: [3, 2] }), node("Reshape", "x c", "y")],
    x: [2, 3],
  },
  {
    says: "fills",
    opset: 11,
    nodes: [node("ConstantOfShape", "s", "c", { value: float32([1], [3]) }), node("Add", "x c", "y")],
    x: [2, 3],
    constants: { s: whole(2, 3) },
  },
  { says: "passes an input on", opset: 13, nodes: [node("Identity", "x", "y")], x: [2, 3] },
  {
    says: "twice, and out",
    opset: 13,
    nodes: [node("Relu", "x", "a"), node("Identity", "a", "y"), node("Identity", "a", "z")],
    x: [2, 3],
    outputs: ["y", "z", "a"],
  },
];

const cases = [...axesCases, ...windowCases, ...resizeCases, ...otherCases];

const label = ({ nodes, opset, says }: Case): string =>
  `${nodes.map(({ op }) => op).join(", ")} of opset ${opset} ${says}`;

const numbers = (value: Tensor): readonly number[] => Array.from(value.data, Number);

const isInternal = (model: Model): boolean =>
  model.opsets.get("") === 18 && model.graph.nodes.every(({ op, domain }) => findOperator(domain, op) !== undefined);

test.for(cases.map((each) => [label(each), each] as const))(
  "ONNX Runtime computes the same before and after: %s",
  async ([, { opset, nodes, x, constants, outputs }]) => {
    const model = nodesModel(opset, nodes, { x }, constants, outputs);
    const feeds = { x: randomTensor(x, "x") };
    const expected = await runModel(model, feeds);
    const normal = inferModel(normalizeModel(model));
    expect(isInternal(normal)).toBe(true);
    const actual = await runModel(normal, feeds);
    for (const { name, shape, dtype } of normal.graph.outputs) {
      expect(expected[name]).toMatchObject({ shape, dtype });
      expect(actual[name]).toMatchObject({ shape, dtype });
      // Sums in another order: some units of the last place, of numbers about 1.
      expect(relativeError(numbers(actual[name]), numbers(expected[name]), 1)).toBeLessThan(1e-5);
    }
  },
);

test("automatic padding counts dilation, which ONNX Runtime itself refuses to", () => {
  const model = nodesModel(
    17,
    [node("Conv", "x w", "y", { auto_pad: "SAME_UPPER", strides: [2, 2], dilations: [2, 1] })],
    { x: [1, 3, 8, 7] },
    { w: weight },
  );
  const { graph } = inferModel(normalizeModel(model));
  expect(graph.outputs[0].shape).toEqual([1, 4, 4, 4]);
  // (4 − 1)·2 + 2·(3 − 1) + 1 − 8 = 3 rows, (4 − 1)·2 + 3 − 7 = 2 columns.
  expect(graph.nodes[0].attributes.get("pads")).toEqual({ kind: "ints", value: [1, 1, 2, 1] });
});

test("an open batch stays open through every rewriting that allows it", () => {
  const model = nodesModel(
    11,
    [
      node("Conv", "x w", "a", { auto_pad: "SAME_LOWER", strides: [2, 2] }),
      node("Softmax", "a", "b", { axis: 1 }),
      node("Resize", "b roi scales", "c", { mode: "linear", coordinate_transformation_mode: "asymmetric" }),
      node("ReduceMean", "c", "y", { axes: [2, 3], keepdims: 0 }),
    ],
    { x: ["N", 3, 8, 8] },
    { w: weight, roi: float32([0], []), scales: float32([4], [1, 1, 2, 2]) },
  );
  expect(inferModel(normalizeModel(model)).graph.outputs[0].shape).toEqual(["N", 4]);
});

test("constants, Identity and Dropout leave no node; a shared weight stays one", () => {
  const shared = [
    node("Identity", "w", "w2"),
    node("Conv", "x w", "a"),
    node("Dropout", "a", "b"),
    node("Conv", "b w2", "y"),
  ];
  const model = nodesModel(17, shared, { x: [1, 3, 8, 8] }, { w: randomTensor([3, 3, 3, 3], "w") });
  const { graph } = normalizeModel(model);
  expect(graph.nodes.map(({ op }) => op)).toEqual(["Conv", "Conv"]);
  expect([...graph.initializers.keys()]).toEqual(["w"]);
});

test("initializers that are inputs as well, as before version 4 of the format, are constants only", () => {
  const model = nodesModel(11, [node("Add", "x w", "y")], { x: [2], w: [2] }, { w: float32([2], [1, 2]) });
  expect(normalizeModel(model).graph.inputs.map(({ name }) => name)).toEqual(["x"]);
});

const trained = (opset: number, outputs: string, given: Readonly<Record<string, PlainAttribute>>): Model =>
  nodesModel(
    opset,
    [
      node("BatchNormalization", "x gamma beta mean variance", outputs, {
        epsilon: real(0),
        momentum: real(0.75),
        ...given,
      }),
    ],
    { x: [4, 3] },
    statistics,
    outputs.split(" "),
  );

test.for([
  { opset: 11, outputs: "y running_mean running_variance saved_mean", given: {} },
  { opset: 13, outputs: "y running_mean running_variance", given: {} },
  { opset: 14, outputs: "y running_mean running_variance", given: { training_mode: 1 } },
  { opset: 17, outputs: "y running_mean running_variance", given: { training_mode: 1 } },
])(
  "batch norm of opset $opset in training mode normalises by the batch's own statistics",
  async ({ opset, outputs, given }) => {
    const { graph } = inferModel(normalizeModel(trained(opset, outputs, given)));
    const x = randomTensor([4, 3], "x");
    const results = await runGraph(graph, { x });
    const column = (channel: number): readonly number[] => [0, 1, 2, 3].map((row) => x.data[row * 3 + channel]);
    for (let channel = 0; channel < 3; channel++) {
      const values = column(channel);
      const mean = values.reduce((sum, value) => sum + value, 0) / 4;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 4;
      const expected =
        ((values[1] - mean) / Math.sqrt(variance)) * statistics.gamma.data[channel] + statistics.beta.data[channel];
      expect(results.y.data[3 + channel]).toBeCloseTo(expected, 4);
      expect(results.running_mean.data[channel]).toBeCloseTo(0.75 * statistics.mean.data[channel] + 0.25 * mean, 5);
      expect(results.running_variance.data[channel]).toBeCloseTo(
        0.75 * statistics.variance.data[channel] + 0.25 * variance,
        5,
      );
    }
  },
);
