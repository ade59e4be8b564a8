import { expect, test } from "vitest";
import { node, nodesModel, type PlainAttribute, randomTensor } from "../../test/support/onnx-nodes.ts";
import { thrownBy } from "../../test/support/thrown-by.ts";
import type { SymbolicShape } from "../tensor/shape.ts";
import { float32, type Tensor, tensor } from "../tensor/tensor.ts";
import type { Model, Node } from "./graph.ts";
import { normalizeModel } from "./normalize.ts";

const weight = randomTensor([4, 3, 3, 3], "weight");

test.for<[reason: RegExp, opset: number, nodes: readonly Node[], constants: Readonly<Record<string, Tensor>>]>([
  [/"node y".*operator "TopK" is not supported \(opset 14\)/, 14, [node("TopK", "x", "y")], {}],
  [/Einsum of opset 14 has the equation "i\.\.\.->i"/, 14, [node("Einsum", "x", "y", { equation: "i...->i" })], {}],
  [/DepthToSpace of opset 14 has the block size 3/, 14, [node("DepthToSpace", "x", "y", { blocksize: 3 })], {}],
  [/"node y".*"If" is not supported/, 14, [node("If", "x", "y")], {}],
  [/"node y".*"constructor" is not supported/, 14, [node("constructor", "x", "y")], {}],
  [/"node y".*"toString" of Relu .* is not known/, 14, [node("Relu", "x", "y", { toString: 1 })], {}],
  [
    /"node y".*coordinate_transformation_mode "constructor"/,
    13,
    [node("Resize", "x", "y", { coordinate_transformation_mode: "constructor" })],
    {},
  ],
  [
    /"node y".*Resize of opset 13 is too large to be written out/,
    13,
    [node("Resize", "x - s", "y", { mode: "linear" })],
    { s: float32([4], [1, 1, 1e7, 1]) },
  ],
  [
    /"node y".*Dropout of opset 13 is in training mode/,
    13,
    [node("Dropout", "x r t", "y")],
    { r: float32([], [0.5]), t: tensor("bool", [], Uint8Array.of(1)) },
  ],
  [/"node d".*Dropout of opset 11 returns its mask/, 11, [node("Dropout", "x", "d z"), node("Not", "z", "y")], {}],
  [
    /"node y".*Resize of opset 13.*tf_crop_and_resize/,
    13,
    [node("Resize", "x", "y", { coordinate_transformation_mode: "tf_crop_and_resize" })],
    {},
  ],
  [/"node y".*Resize of opset 18 asks for antialias/, 18, [node("Resize", "x", "y", { antialias: 1 })], {}],
  [
    /"node y".*Resize of opset 13 needs to know its input 2/,
    13,
    [node("Relu", "x", "s"), node("Resize", "x - s", "y")],
    {},
  ],
  [/"node y".*Pad of opset 19 has the mode "wrap"/, 19, [node("Pad", "x", "y", { mode: "wrap" })], {}],
  [
    /"node y".*AveragePool of opset 19 has dilations/,
    19,
    [node("AveragePool", "x", "y", { kernel_shape: [2, 2], dilations: [2, 2] })],
    {},
  ],
  [
    /"node y".*MaxPool of opset 17.*auto_pad "SOME"/,
    17,
    [node("MaxPool", "x", "y", { kernel_shape: [2, 2], auto_pad: "SOME" })],
    {},
  ],
  [/"node y".*MaxPool of opset 17 lacks kernel_shape/, 17, [node("MaxPool", "x", "y", { auto_pad: "SAME_UPPER" })], {}],
  [
    /"node y".*"group" of Conv \(opset 17\) is of kind string/,
    17,
    [node("Conv", "x w", "y", { group: "two" })],
    { w: weight },
  ],
  [/"node y".*"colour" of Relu \(opset 17\) is not known/, 17, [node("Relu", "x", "y", { colour: 1 })], {}],
  [/"node y".*"axes" of Squeeze \(opset 13\) is not known/, 13, [node("Squeeze", "x", "y", { axes: [0] })], {}],
  [
    /"node y".*Squeeze of opset 11 has an attribute axes of kind int; must be ints/,
    11,
    [node("Squeeze", "x", "y", { axes: 0 })],
    {},
  ],
  [/version 6.*must be 7 to 23/, 6, [node("Relu", "x", "y")], {}],
  [/version 24.*must be 7 to 23/, 24, [node("Relu", "x", "y")], {}],
])("what has no internal form is refused: %s", ([reason, opset, nodes, constants]) => {
  expect(() => normalizeModel(nodesModel(opset, nodes, { x: [1, 1, 4, 4] }, constants))).toThrow(reason);
});

test("automatic padding with strides over an open extent is refused, naming it", () => {
  const conv = node("Conv", "x w", "y", { auto_pad: "SAME_UPPER", strides: [2, 2] });
  expect(() => normalizeModel(nodesModel(17, [conv], { x: [1, 3, "H", 8] }, { w: weight }))).toThrow(
    /"node y".*Conv of opset 17.*"H"/,
  );
});

test("a recurrent layer is refused if it cannot be unrolled", () => {
  const constants = { w: randomTensor([1, 8, 3], "w"), r: randomTensor([1, 8, 2], "r"), p: randomTensor([1, 6], "p") };
  const lstm = (inputs: string, further: Readonly<Record<string, PlainAttribute>>, x: SymbolicShape): Model =>
    nodesModel(14, [node("LSTM", inputs, "y", { hidden_size: 2, ...further })], { x }, constants);
  const refusal = (model: Model): string => String(thrownBy(() => normalizeModel(model)));
  expect(refusal(lstm("x w r", {}, ["T", 1, 3]))).toMatch(/needs a known number of steps, not "T"/);
  expect(refusal(lstm("x w r", {}, [5000, 1, 3]))).toMatch(/5000 steps are too many; at most 1024/);
  expect(refusal(lstm("x w r - - - - p", {}, [2, 1, 3]))).toMatch(/peephole weights/);
  expect(refusal(lstm("x w r", { direction: "sideways" }, [2, 1, 3]))).toMatch(/the direction "sideways"/);
});
