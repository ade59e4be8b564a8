import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { node, nodesModel } from "../../../test/support/onnx-nodes.ts";
import { float32, int64, zeros, type Tensor } from "../../tensor/tensor.ts";
import { UnsupportedError } from "../../tensor/errors.ts";
import type { Graph, Node } from "../graph.ts";
import { inferGraph } from "../infer.ts";
import { describeGraph, nameShortcut } from "./describe-graph.ts";
import { findShortcuts } from "./shortcuts.ts";

const weights = (out: number, input: number, kernel: number): Tensor => zeros("float32", [out, input, kernel, kernel]);
const constants: Readonly<Record<string, Tensor>> = {
  w3: weights(4, 4, 3),
  w3b: weights(4, 4, 3),
  w1: weights(4, 4, 1),
  half: float32([], [0.5]),
  one: float32([], [1]),
  channel: zeros("float32", [4]),
  pads: int64([8], [0, 0, 0, 0, 0, 4, 0, 0]),
  zero: int64([1], [0]),
  two: int64([1], [2]),
  all: int64([1], [8]),
  axis1: int64([1], [1]),
};
const conv = (x: string, y: string, weight = "w3", stride = 1): Node =>
  node("Conv", `${x} ${weight}`, y, { pads: weight === "w1" ? [0, 0, 0, 0] : [1, 1, 1, 1], strides: [stride, stride] });

function graph(nodes: readonly Node[]): Graph {
  return inferGraph(nodesModel(18, nodes, { x: [1, 4, 8, 8] }, constants).graph);
}

const found = (nodes: readonly Node[]): readonly string[] => findShortcuts(graph(nodes)).map(nameShortcut);

/** F(x) of two convolutions: x → f. */
const branch = [conv("x", "a"), node("Relu", "a", "b"), conv("b", "f", "w3b")];

describe("a shortcut is known by what lies on it:", () => {
  test.each<readonly [string, readonly Node[], string]>([
    ["nothing", [node("Add", "f x", "y")], "identity"],
    ["nothing, added the other way round", [node("Add", "x f", "y")], "identity"],
    ["a point convolution", [conv("x", "s", "w1"), node("Add", "f s", "y")], "projection"],
    [
      "a point convolution and a batch norm",
      [
        conv("x", "p", "w1"),
        node("BatchNormalization", "p channel channel channel channel", "s"),
        node("Add", "f s", "y"),
      ],
      "projection",
    ],
    ["a convolution of a window", [conv("x", "s"), node("Add", "f s", "y")], "convolution"],
    ["a constant factor", [node("Mul", "x half", "s"), node("Add", "f s", "y")], "scaled"],
    [
      "a gate of its own",
      [conv("x", "g", "w1"), node("Sigmoid", "g", "h"), node("Mul", "x h", "s"), node("Add", "f s", "y")],
      "gated",
    ],
    [
      "what a gate leaves to it, the rest going to the branch",
      [
        conv("x", "g", "w1"),
        node("Sigmoid", "g", "h"),
        node("Sub", "one h", "i"),
        node("Mul", "x i", "s"),
        node("Mul", "f h", "t"),
        node("Add", "t s", "y"),
      ],
      "gated",
    ],
    [
      "a batch norm",
      [node("BatchNormalization", "x channel channel channel channel", "s"), node("Add", "f s", "y")],
      "normalised identity",
    ],
    [
      "means over windows",
      [node("AveragePool", "x", "s", { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }), node("Add", "f s", "y")],
      "pooled identity",
    ],
    ["nothing, side by side", [node("Concat", "x f", "y", { axis: 1 })], "identity, concatenated"],
  ])("%s", (_, rest, kind) => {
    expect(found([...branch, ...rest])).toEqual([kind]);
  });

  test("every second point, and channels of zeros", () => {
    const slice = node("Slice", "x zero all two two", "s");
    const nodes = [
      conv("x", "a", "w3", 2),
      node("Concat", "a a", "f", { axis: 1 }),
      node("MaxPool", "x", "s", { kernel_shape: [1, 1], strides: [2, 2] }),
      node("Pad", "s pads", "t"),
      node("Add", "f t", "y"),
    ];
    expect(slice.op).toBe("Slice");
    expect(found(nodes)).toEqual(["padded identity"]);
  });

  test("some of the channels", () => {
    const nodes = [
      node("Split", "x", "u v", { axis: 1, num_outputs: 2 }),
      node("Concat", "u u", "w", { axis: 1 }),
      conv("w", "f"),
      node("Concat", "v f", "y", { axis: 1 }),
    ];
    expect(found(nodes)).toEqual(["other channels, concatenated"]);
  });

  test("some of the channels, that the branch reads as well", () => {
    const nodes = [
      node("Split", "x", "u v", { axis: 1, num_outputs: 2 }),
      node("Concat", "u v", "w", { axis: 1 }),
      conv("w", "a"),
      node("Split", "a", "f rest", { axis: 1, num_outputs: 2 }),
      node("Add", "f v", "y"),
    ];
    expect(found(nodes)).toEqual(["identity"]);
  });

  test("the parts of a Res2Net's block: each takes what the one before it made, and the last passes by", () => {
    const part = (x: string, y: string): Node => conv(x, y, "w2");
    const nodes = [
      node("Split", "x", "x1 x2 x3", { axis: 1, num_outputs: 3 }),
      part("x1", "y1"),
      node("Add", "y1 x2", "s2"),
      part("s2", "y2"),
      node("Concat", "y1 y2 x3", "z", { axis: 1 }),
      conv("z", "f", "w6"),
      node("Add", "f x", "y"),
    ];
    const { graph: model } = nodesModel(18, nodes, { x: [1, 6, 8, 8] }, { w2: weights(2, 2, 3), w6: weights(6, 6, 3) });
    expect(findShortcuts(inferGraph(model)).map(nameShortcut)).toEqual([
      "other channels",
      "identity, concatenated",
      "other channels, concatenated",
      "identity",
    ]);
  });

  test("one pooled value beside several branches", () => {
    const nodes = [
      conv("x", "a"),
      conv("x", "b", "w3b"),
      node("AveragePool", "x", "s", { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
      node("Concat", "a b s", "y", { axis: 1 }),
    ];
    expect(found(nodes)).toEqual(["pooled identity, concatenated"]);
  });
});

describe("what is no shortcut:", () => {
  test.each<readonly [string, readonly Node[]]>([
    ["a bias", [conv("x", "a"), node("Add", "a half", "y")]],
    ["a value added to itself", [conv("x", "a"), node("Add", "a a", "y")]],
    [
      "branches of equal depth, as in Inception",
      [conv("x", "a"), conv("x", "b", "w1"), node("Concat", "a b", "y", { axis: 1 })],
    ],
    [
      "branches of several layers each",
      [...branch, conv("x", "c"), conv("c", "d"), conv("d", "e"), node("Add", "f e", "y")],
    ],
    ["activations written out", [node("Sigmoid", "x", "a"), node("Add", "x a", "y")]],
  ])("%s", (_, nodes) => {
    expect(found(nodes)).toEqual([]);
  });
});

test("a shortcut says where it begins and ends, what it passes by, and which nodes lie on either way", () => {
  const [shortcut] = findShortcuts(graph([...branch, conv("x", "s", "w1"), node("Add", "f s", "y")]));
  expect(shortcut).toMatchObject({
    fork: -1,
    at: 4,
    skipValue: "s",
    branchValue: "f",
    layers: 2,
    skip: [3],
    branch: [0, 1, 2],
  });
  expect(shortcut.detail).toBe("1×1 conv, 4");
});

test("a U-Net's skips are found across all that lies between, an attention gate's too", () => {
  const nodes = [
    conv("x", "e1"),
    conv("e1", "d1", "w3", 2),
    conv("d1", "d2"),
    node("ConvTranspose", "d2 w2", "u", { strides: [2, 2] }),
    node("Add", "e1 u", "q"),
    conv("q", "q1", "w1"),
    node("Sigmoid", "q1", "gate"),
    node("Mul", "e1 gate", "s"),
    node("Concat", "s u", "y", { axis: 1 }),
  ];
  const { graph: model } = nodesModel(18, nodes, { x: [1, 4, 8, 8] }, { ...constants, w2: weights(4, 4, 2) });
  expect(findShortcuts(inferGraph(model)).map(nameShortcut)).toEqual(["identity", "gated, concatenated"]);
});

test("nodes may have any names: a shortcut is found by the graph alone", () => {
  const nodes = [...branch, node("Add", "f x", "y")].map((one, index) => ({
    ...one,
    name: `layer${9 - index}.downsample`,
  }));
  expect(found(nodes)).toEqual(["identity"]);
});

test("a graph of hundreds of thousands of joins is searched in bounded time or refused in one line", () => {
  const nodes = [conv("x", "v0")];
  for (let index = 0; index < 20_000; index++) nodes.push(node("Relu", `v${index}`, `v${index + 1}`));
  // Every join reaches back to the start.
  for (let index = 0; index < 20_000; index++)
    nodes.push(node("Add", `${index === 0 ? "v20000" : `s${index - 1}`} x`, `s${index}`));
  const { graph: model } = nodesModel(18, nodes, { x: [1, 4, 8, 8] }, constants);
  expect(() => findShortcuts(model)).toThrow(UnsupportedError);
});

test("any graph of convolutions, sums and concatenations is described without a failure", () => {
  const step = fc.record({ op: fc.constantFrom("Conv", "Add", "Concat", "Mul", "Relu"), a: fc.nat(), b: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
      const values = ["x"];
      const nodes = steps.map(({ op, a, b }, index) => {
        const [left, right] = [a, b].map((pick) => values[pick % values.length]);
        values.push(`v${index}`);
        if (op === "Conv") return node("Conv", `${left} w1`, `v${index}`);
        if (op === "Concat") return node(op, `${left} ${right}`, `v${index}`, { axis: 1 });
        return node(op, op === "Relu" ? left : `${left} ${right}`, `v${index}`);
      });
      const { graph: model } = nodesModel(18, nodes, { x: [1, 4, 8, 8] }, constants, [values.at(-1)!]);
      const { shortcuts } = describeGraph(model);
      for (const { fork, at, skip, branch: passed } of shortcuts) {
        expect([fork < at, skip.some((index) => passed.includes(index))]).toEqual([true, false]);
      }
    }),
  );
});
