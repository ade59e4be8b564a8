import { expect, test } from "vitest";
import { createModel } from "../nn/models.ts";
import { buffersOf, parametersOf } from "../nn/module.ts";
import type { ShortcutType } from "../nn/shortcuts/type.ts";
import { WeightsError } from "../tensor/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import { float32, int64, type Tensor, zeros } from "../tensor/tensor.ts";
import { requireStateDict } from "./state-dict.ts";
import { matchStateDict } from "./recognise/state-dict-difference.ts";

const where = "w.pth";
const expected = new Map<string, Shape>([
  ["conv1.weight", [2, 1]],
  ["bn1.bias", [2]],
]);

/** What a network needs, and weights that would fit it. */
function shapesOf(model: string, shortcut: ShortcutType): ReadonlyMap<string, Shape> {
  const { module } = createModel(model, { shortcut });
  return new Map([...parametersOf(module), ...buffersOf(module)].map(([name, { shape }]) => [name, shape]));
}

function weightsOf(model: string, shortcut: ShortcutType): ReadonlyMap<string, Tensor> {
  return new Map([...shapesOf(model, shortcut)].map(([name, shape]) => [name, zeros("float32", shape)]));
}

test("weights that fit come in the network's order, as float32, without PyTorch's counters", () => {
  const found = new Map<string, Tensor>([
    ["bn1.num_batches_tracked", int64([], [7])],
    ["bn1.bias", { dtype: "float16", shape: [2], data: Uint16Array.of(0x3c00, 0xc000) }],
    ["conv1.weight", float32([2, 1], [3, 4])],
  ]);
  expect([...requireStateDict(where, expected, found)]).toEqual([
    ["conv1.weight", float32([2, 1], [3, 4])],
    ["bn1.bias", float32([2], [1, -2])],
  ]);
});

test("what is missing, left over or of another shape is told apart", () => {
  const found = new Map<string, Tensor>([
    ["conv1.weight", zeros("float32", [1, 2])],
    ["fc.weight", zeros("float32", [1])],
    ["fc.num_batches_tracked", zeros("int64", [])],
  ]);
  expect(matchStateDict(expected, found)).toEqual({
    missing: ["bn1.bias"],
    unexpected: ["fc.weight"],
    misshapen: [{ name: "conv1.weight", expected: [2, 1], found: [1, 2] }],
  });
  const message =
    'w.pth: does not fit the network: missing "bn1.bias"; unexpected "fc.weight"; ' +
    '"conv1.weight" is [1,2], must be [2,1]; are these the weights of another network?';
  expect(() => requireStateDict(where, expected, found)).toThrow(
    new WeightsError(where, message.slice("w.pth: ".length)),
  );
});

test("of many names a few are given, and how many more there are", () => {
  const many = new Map(Array.from({ length: 16 }, (_, index) => [`w${index}`, [1]] as const));
  expect(() => requireStateDict(where, many, new Map())).toThrow('missing "w0", "w1", "w2", "w3" and 12 more;');
});

test("a name from a file cannot break the line or hide in it", () => {
  const found = new Map([...weightsOf("resnet8", "plain"), ["a\n\u001b[2J\u202eb", zeros("float32", [1])]]);
  expect(() => requireStateDict(where, shapesOf("resnet8", "plain"), found)).toThrow('"a\\n\\u001b[2J\\u{202e}b"');
});

const pairs: readonly (readonly [ShortcutType, ShortcutType, RegExp])[] = [
  ["project", "pad", /look like shortcut type "pad" \(A\) or "plain"/],
  ["project", "plain", /look like shortcut type "pad" \(A\) or "plain"/],
  ["project", "project-all", /look like shortcut type "project-all" \(C\)/],
  ["project-all", "pad", /look like shortcut type "pad" \(A\) or "plain"/],
  ["project-all", "project", /look like shortcut type "project" \(B\)/],
  ["pad", "project", /look like shortcut type "project" \(B\)/],
  ["pad", "project-all", /look like shortcut type "project-all" \(C\)/],
  ["plain", "project", /look like shortcut type "project" \(B\)/],
];

test.each(["resnet20", "resnet50"].flatMap((model) => pairs.map((pair) => [model, ...pair] as const)))(
  "%s with %s refuses the weights of %s and says so",
  (model, wanted, given, message) => {
    const load = (): unknown => requireStateDict(where, shapesOf(model, wanted), weightsOf(model, given));
    expect(load).toThrow(WeightsError);
    expect(load).toThrow(message);
    expect(load).toThrow(/downsample/);
  },
);

test("plain and pad, which have the same parameters, take each other's weights", () => {
  expect(requireStateDict(where, shapesOf("resnet20", "pad"), weightsOf("resnet20", "plain")).size).toBeGreaterThan(0);
});

test("projections that differ within themselves are not taken for another shortcut type", () => {
  const withBias = new Map(weightsOf("resnet20", "project"));
  withBias.set("layer2.0.downsample.0.bias", zeros("float32", [32]));
  const load = (): unknown => requireStateDict(where, shapesOf("resnet20", "project"), withBias);
  expect(load).toThrow(/compare the options of the shortcuts/);
});

test("a difference beyond projections is not blamed on the shortcut type", () => {
  const weights = new Map(weightsOf("resnet20", "project"));
  weights.delete("fc.bias");
  const load = (): unknown => requireStateDict(where, shapesOf("resnet20", "pad"), weights);
  expect(load).toThrow(/are these the weights of another network\?/);
});
