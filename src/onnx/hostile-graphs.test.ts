import fc from "fast-check";
import { expect, test } from "vitest";
import { node, nodesModel } from "../../test/support/onnx-nodes.ts";
import { ResiduaError } from "../tensor/errors.ts";
import type { Dimension, SymbolicShape } from "../tensor/shape.ts";
import { float32, int64, tensor, zeros } from "../tensor/tensor.ts";
import { decodeModel } from "./decode.ts";
import { encodeModel } from "./encode.ts";
import type { Attribute, Model, Node } from "./graph.ts";
import { inferModel } from "./infer.ts";
import { normalizeModel } from "./normalize.ts";
import { operators } from "./operators/index.ts";

/** What comes of decoding, normalising and inferring: "read", or the message of a refusal. */
function importOrRefusal(model: () => Model): string {
  try {
    inferModel(normalizeModel(model()));
    return "read";
  } catch (error) {
    if (error instanceof ResiduaError) return error.message;
    throw error;
  }
}

const anyName = fc.constantFrom("x", "w", "shape", "number", "flag", "");
const anyAttribute: fc.Arbitrary<Attribute> = fc.oneof(
  fc.record({
    kind: fc.constant("int" as const),
    value: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.maxSafeInteger()),
  }),
  fc.record({ kind: fc.constant("ints" as const), value: fc.array(fc.integer({ min: -2, max: 4 }), { maxLength: 6 }) }),
  fc.record({ kind: fc.constant("float" as const), value: fc.float() }),
  fc.record({
    kind: fc.constant("string" as const),
    value: fc.constantFrom("SAME_UPPER", "VALID", "linear", "cubic", "?"),
  }),
);
const operatorNames = [
  ...Object.keys(operators),
  "ReduceL1",
  "ReduceMin",
  "Resize",
  "Upsample",
  "Dropout",
  "Sum",
  "HardSwish",
  "Constant",
  "ConstantOfShape",
  "Range",
  "Size",
];
const attributeNames = [
  ...Object.values(operators).flatMap((definition) => Object.keys(definition.attributes)),
  "axes",
  "split",
  "value",
  "value_ints",
  "coordinate_transformation_mode",
];
const anyNode = (index: number): fc.Arbitrary<Node> =>
  fc
    .record({
      op: fc.constantFrom(...operatorNames),
      inputs: fc.array(index === 0 ? anyName : fc.oneof(anyName, fc.constant(`y${index - 1}`)), { maxLength: 5 }),
      count: fc.integer({ min: 1, max: 3 }),
      attributes: fc.dictionary(fc.constantFrom(...attributeNames), anyAttribute, { maxKeys: 4 }),
    })
    .map(({ op, inputs, count, attributes }) => ({
      op,
      domain: "",
      name: `node ${index}`,
      inputs,
      outputs: Array.from({ length: count }, (_, at) => (at === 0 ? `y${index}` : `z${index}.${at}`)),
      attributes: new Map(Object.entries(attributes)),
    }));
const shapes: fc.Arbitrary<SymbolicShape> = fc.array(fc.constantFrom<Dimension[]>("N", "H", 0, 1, 2, 3, 4), {
  maxLength: 5,
});
const constants = fc.record({
  w: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 5 }).map((shape) => zeros("float32", shape)),
  shape: fc
    .array(fc.oneof(fc.integer({ min: -2, max: 5 }), fc.maxSafeInteger()), { maxLength: 5 })
    .map((values) => int64([values.length], values)),
  number: fc.float().map((value) => float32([], [value])),
  flag: fc.nat(1).map((value) => tensor("bool", [], Uint8Array.of(value))),
});

test("any two nodes with any attributes, shapes and constants are imported or refused in one line", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 11, max: 21 }),
      fc.tuple(anyNode(0), anyNode(1)),
      shapes,
      constants,
      (opset, nodes, x, w) => {
        expect(importOrRefusal(() => nodesModel(opset, nodes, { x }, w, ["y1"]))).toMatch(/^.+$/);
      },
    ),
    { numRuns: 2000 },
  );
});

test("a small network with flipped bits is imported or refused in one line", () => {
  const nodes = [
    node("Conv", "x w", "a", { auto_pad: "SAME_UPPER", strides: [2, 2] }),
    node("Shape", "a", "s"),
    node("Gather", "s zero", "n", { axis: 0 }),
    node("Concat", "n rest", "t", { axis: 0 }),
    node("Reshape", "a t", "b"),
    node("Softmax", "b", "y", { axis: 1 }),
  ];
  const weights = { w: zeros("float32", [1, 1, 3, 3]), zero: int64([1], [0]), rest: int64([1], [-1]) };
  const bytes = encodeModel(nodesModel(11, nodes, { x: ["N", 1, 8, 8] }, weights));
  expect(importOrRefusal(() => decodeModel(bytes, "file.onnx"))).toBe("read");
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const flipped = bytes.slice();
      flipped[at] ^= mask;
      expect(importOrRefusal(() => decodeModel(flipped, "file.onnx"))).toMatch(/^.+$/);
    }),
    { numRuns: 1000 },
  );
});
