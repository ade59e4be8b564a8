import { describe, expect, test } from "vitest";
import { createModel } from "../../nn/models.ts";
import { buffersOf, parametersOf } from "../../nn/module.ts";
import { randomStream } from "../../tensor/random.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { float32, int64, type Tensor, zeros } from "../../tensor/tensor.ts";
import { loadWeights } from "../../networks/load-weights.ts";
import { reportWeights } from "../../networks/inspect.ts";
import type { WeightsFile } from "../weights-file.ts";
import { candidatePrefixes, choosePrefix } from "./prefixes.ts";

type Named = readonly (readonly [string, Tensor])[];

function weightsOf(model: string, seed: number): Named {
  const { module } = createModel(model, { shortcut: "project" });
  return [...parametersOf(module), ...buffersOf(module)].map(([name, { shape }]) => {
    const stream = randomStream(seed, name);
    return [
      name,
      float32(
        shape,
        Float32Array.from({ length: sizeOf(shape) }, () => stream.normal()),
      ),
    ] as const;
  });
}

const under = (prefix: string, named: Named): Named => named.map(([name, value]) => [prefix + name, value] as const);
const fileOf = (...parts: readonly Named[]): WeightsFile => ({
  tensors: new Map(parts.flat()),
  origin: { format: "PyTorch", entry: [], prefix: "", notes: {} },
});

const own = weightsOf("resnet20", 1);
const copy = weightsOf("resnet20", 2);
const backbone = own.filter(([name]) => !name.startsWith("fc."));
const first = (named: Named): Float32Array => named[0][1].data as Float32Array;
const head: Named = [
  ["head.layers.0.weight", zeros("float32", [64, 64])],
  ["head.layers.0.bias", zeros("float32", [64])],
];
const rest: Named = [
  ["criterion.weight", zeros("float32", [10])],
  [
    "val_acc.confmat",
    int64(
      [10, 10],
      Array.from({ length: 100 }, () => 0),
    ),
  ],
];

describe.each(["net.", "model.", "module.model.", "backbone.body.", "a.b.c.d."])("under %s", (prefix) => {
  test("a network is found beside other things, by its names alone and by name", () => {
    const file = fileOf(rest, under(prefix, own), head);
    for (const request of [{}, { name: "resnet20" }]) {
      const { state, left } = loadWeights(file, "w.ckpt", request);
      expect(state.get("conv1.weight")?.data).toEqual(first(own));
      expect([...left].toSorted()).toEqual([...rest, ...head].map(([name]) => name).toSorted());
    }
  });
});

test("a backbone without its classifier is found beside a projection head, and needs `partial`", () => {
  const file = fileOf(under("backbone.", backbone), head);
  expect(() => loadWeights(file, "w.ckpt", { name: "resnet20" })).toThrow(/no classifier; `partial`/);
  const { state } = loadWeights(file, "w.ckpt", { name: "resnet20", partial: true });
  expect(state.get("conv1.weight")?.data).toEqual(first(own));
  expect(reportWeights(file, "w.ckpt")).toMatchObject({ origin: { prefix: "backbone." }, classes: null });
});

test.each([
  ["encoder_q.", "encoder_k."],
  ["model.", "ema_model."],
  ["model.", "model_ema.module."],
  ["online.", "target."],
  ["student.", "teacher."],
])("of %s and %s the first is taken, and the second is named", (wanted, other) => {
  const file = fileOf(under(other, copy), under(wanted, own));
  for (const request of [{}, { name: "resnet20" }]) {
    const { state, copies } = loadWeights(file, "w.ckpt", request);
    expect(state.get("conv1.weight")?.data).toEqual(first(own));
    expect(copies).toEqual([other]);
  }
  expect(reportWeights(file, "w.ckpt").copies).toEqual([other]);
});

test("of two networks, neither of them a copy, the user must choose", () => {
  const file = fileOf(under("left.", own), under("right.", copy));
  expect(() => loadWeights(file, "w.ckpt")).toThrow(/prefix: must say which network is meant.*"left\.", "right\."/);
  expect(() => loadWeights(file, "w.ckpt", { name: "resnet20" })).toThrow(/"left\.", "right\."/);
});

test("the empty prefix is tried first, then those of most names", () => {
  expect(candidatePrefixes(["b.x.1", "b.x.2", "b.y.1", "a.1", "n"])).toEqual(["", "b.", "b.x."]);
  expect(choosePrefix(["m.", "m_ema."])).toEqual({ prefix: "m.", others: ["m_ema."] });
  expect(choosePrefix(["m_ema.", "ema."])).toBeUndefined();
});
