import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { relativeError } from "../../../test/support/golden.ts";
import { node, nodesModel, randomTensor } from "../../../test/support/onnx-nodes.ts";
import { buildInference, toModel } from "../../compile/inference.ts";
import { decodeModel } from "../../onnx/decode.ts";
import { encodeModel } from "../../onnx/encode.ts";
import type { Model } from "../../onnx/graph.ts";
import { createNodeRuntime } from "../../runtime/node.ts";
import { ShapeError, UnsupportedError } from "../../tensor/errors.ts";
import { float32, int64, type Tensor } from "../../tensor/tensor.ts";
import { createGradients } from "../../../test/support/graph-gradients.ts";
import { createGraphModule } from "./graph-module.ts";
import { importNetwork } from "./import.ts";
import { headOf, parametersOf } from "../module.ts";

function read(name: string): Model {
  const path = new URL(`../../../test/golden/${name}`, import.meta.url);
  return decodeModel(readFileSync(path), name);
}

async function run(bytes: Uint8Array, images: Tensor): Promise<Tensor> {
  const session = await createNodeRuntime().load(bytes, { threads: 1 });
  const results = await session.run({ [session.inputNames[0]]: images }, [session.outputNames[0]]);
  const scores = await results[session.outputNames[0]].read();
  await session.release();
  return scores;
}

const seed = 1;
const images = randomTensor([2, 3, 32, 32], "images");

describe("a network that PyTorch exported", () => {
  test("to predict gives the scores of its file, with any batch", async () => {
    const { graph, state, imageShape } = importNetwork(read("fine-tuning/narrow-folded.onnx"), "file", { seed });
    const bytes = encodeModel(toModel(buildInference(createGraphModule(graph), imageShape, state)));
    const original = readFileSync(new URL("../../../test/golden/fine-tuning/narrow-folded.onnx", import.meta.url));
    const [expected, actual] = [await run(original, images), await run(bytes, images)];
    expect(relativeError(actual.data as Float32Array, expected.data as Float32Array)).toBeLessThan(1e-5);
    expect((await run(bytes, randomTensor([5, 3, 32, 32], "others"))).shape).toEqual([5, 10]);
  });

  test("to predict has the layers' names though its folded weights have lost theirs, and says that they were", () => {
    const { state, notes } = importNetwork(read("fine-tuning/narrow-folded.onnx"), "file", { seed });
    expect([...state.keys()].slice(0, 4)).toEqual([
      "conv1.weight",
      "conv1.bias",
      "layer1.0.conv1.weight",
      "layer1.0.conv1.bias",
    ]);
    expect([...state.keys()]).toContain("layer2.0.downsample.0.weight");
    expect(notes.join()).toMatch(/no batch norm is left in the file/);
  });

  test("to train has the names of PyTorch's state dict, and batch norms and dropout that train", () => {
    const { graph, state, notes } = importNetwork(read("fine-tuning/narrow-training.onnx"), "file", { seed });
    const module = createGraphModule(graph);
    expect([...parametersOf(module).keys()].slice(0, 3)).toEqual(["conv1.weight", "bn1.weight", "bn1.bias"]);
    expect(state.get("layer4.1.bn2.running_var")!.shape).toEqual([16]);
    expect(headOf(module)).toEqual(["fc.1.weight", "fc.1.bias"]);
    expect(notes).toEqual(["20 batch norms train", "1 dropout(s) drop"]);
    const { ops, noise } = createGradients(module, [3, 32, 32]);
    expect(ops.filter((op) => op === "BatchNormTrainingGradient")).toHaveLength(20);
    expect(noise).toEqual([["residua.dropout.0", 0.8]]);
  });

  test.each([11, 12, 13, 14, 15, 16, 17].flatMap((opset) => [`project-${opset}`, `pad-${opset}`, `training-${opset}`]))(
    "as %s gets another classifier and can be differentiated",
    (name) => {
      const { graph, classes, state } = importNetwork(read(`onnx/${name}.onnx`), name, { seed, classes: 7 });
      expect(classes).toBe(7);
      expect(state.get("fc.weight")!.shape).toEqual([7, 8]);
      expect(createGradients(createGraphModule(graph), [4, 8, 8]).ops).toContain("ConvWeightGradient");
    },
  );
});

const weight = randomTensor([4, 3, 3, 3], "weight");
const convolution = node("Conv", "x w", "c", { pads: [1, 1, 1, 1] });
const shape = { x: ["N", 3, 8, 8] };

test.each<[string, readonly ReturnType<typeof node>[], Readonly<Record<string, Tensor>>, string]>([
  [
    "a product and a bias",
    [
      node("GlobalAveragePool", "c", "p"),
      node("Flatten", "p", "f"),
      node("MatMul", "f v", "m"),
      node("Add", "m b", "y"),
    ],
    { v: randomTensor([4, 5], "v"), b: float32([5], [1, 2, 3, 4, 5]) },
    "v [4,2], b [2]",
  ],
  [
    "Gemm with its weight the other way round",
    [node("GlobalAveragePool", "c", "p"), node("Flatten", "p", "f"), node("Gemm", "f v b", "y")],
    { v: randomTensor([4, 5], "v"), b: float32([5], [1, 2, 3, 4, 5]) },
    "v [4,2], b [2]",
  ],
  [
    "a convolution, and a softmax at the end",
    [
      node("Conv", "c v b", "k"),
      node("Relu", "k", "r"),
      node("GlobalAveragePool", "r", "p"),
      node("Reshape", "p target", "s"),
      node("Softmax", "s", "y", { axis: 1 }),
    ],
    { v: randomTensor([5, 4, 1, 1], "v"), b: float32([5], [1, 2, 3, 4, 5]), target: int64([2], [-1, 5]) },
    "v [2,4,1,1], b [2]",
  ],
])("a classifier of %s is replaced", (_, nodes, constants, expected) => {
  const model = nodesModel(17, [convolution, ...nodes], shape, { w: weight, ...constants });
  const { state, graph } = importNetwork(model, "file", { seed, classes: 2 });
  const head = headOf(createGraphModule(graph));
  expect(head.map((name) => `${name} [${state.get(name)!.shape.join()}]`).join(", ")).toBe(expected);
  expect(state.get("w")!.data).toEqual(weight.data);
});

test("constants that prepare images, and scalars, are not trained", () => {
  const nodes = [
    node("Sub", "x mean", "a"),
    node("Conv", "a w", "c", { pads: [1, 1, 1, 1] }),
    node("Mul", "c half", "h"),
    node("Mul", "h scale", "d"),
    node("GlobalAveragePool", "d", "p"),
    node("Flatten", "p", "y"),
  ];
  const constants = {
    mean: float32([3, 1, 1], [1, 2, 3]),
    w: weight,
    half: float32([1], [0.5]),
    scale: float32([4, 1, 1], [1, 1, 1, 1]),
  };
  const { state } = importNetwork(nodesModel(17, nodes, shape, constants), "file", { seed });
  expect([...state.keys()]).toEqual(["w", "scale"]);
});

describe("a file is refused in one line", () => {
  const end = [node("GlobalAveragePool", "c", "p"), node("Flatten", "p", "y")];
  test("that names an operator which is not known, and where it stands", () => {
    const model = nodesModel(17, [convolution, node("Det", "c", "y")], shape, { w: weight });
    expect(() => importNetwork(model, "file", { seed })).toThrow(UnsupportedError);
    expect(() => importNetwork(model, "file", { seed })).toThrow(/node "node y": the operator "Det"/);
  });

  test("where the size of images is open, unless it is given", () => {
    const model = nodesModel(17, [convolution, ...end], { x: ["N", 3, "H", "W"] }, { w: weight });
    expect(() => importNetwork(model, "file", { seed })).toThrow(ShapeError);
    expect(() => importNetwork(model, "file", { seed })).toThrow(/leaves the size of images open.*`imageSize`/);
    expect(importNetwork(model, "file", { seed, imageSize: 24 }).imageShape).toEqual([3, 24, 24]);
  });

  test.each([
    ["takes two inputs", { ...shape, z: ["N", 3] }, end, /takes 2 inputs \(x, z\)/],
    ["takes no images", { x: ["N", 3] }, end, /must take images/],
    ["gives no scores", shape, [node("Relu", "c", "y")], /must give scores \[N,classes\]/],
  ])("that %s", (_, inputs, nodes, message) => {
    const model = nodesModel(17, [convolution, ...nodes], inputs, { w: weight });
    expect(() => importNetwork(model, "file", { seed })).toThrow(message);
  });

  test("that gives scores of whole images where maps are wanted; maps are taken, and their classes replaced", () => {
    const whole = nodesModel(17, [convolution, ...end], shape, { w: weight });
    expect(() => importNetwork(whole, "file", { seed, output: "maps" })).toThrow(
      /must give maps of scores \[N,classes,\d+,\d+\]/,
    );
    const maps = nodesModel(17, [convolution, node("Identity", "c", "y")], shape, { w: weight });
    const { classes } = importNetwork(maps, "file", { seed, output: "maps" });
    expect(classes).toBe(weight.shape[0]);
    expect(importNetwork(maps, "file", { seed, output: "maps", classes: classes + 1 }).classes).toBe(classes + 1);
  });

  test("whose classifier cannot be found, where other classes are wanted", () => {
    const model = nodesModel(
      17,
      [
        convolution,
        node("Sigmoid", "c", "s"),
        ...end.map((one) => ({ ...one, inputs: one.inputs.map((name) => (name === "c" ? "s" : name)) })),
      ],
      shape,
      { w: weight },
    );
    expect(() => importNetwork(model, "file", { seed, classes: 2 })).toThrow(
      /is not made by a classifier that could be replaced/,
    );
  });
});
