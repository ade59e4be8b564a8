import { expect, test } from "vitest";
import { factsOfModel } from "./facts.ts";
import { measureEffect } from "./measured.ts";
import { adviseOn } from "./rules.ts";

const adviceOn = (name: string, options = {}) => adviseOn(factsOfModel(name, options));

test("of CIFAR ResNet-20, C wastes 7 projections and 11,488 parameters, and A saves 2,752 of B's", () => {
  // 283,962 (C) − 272,474 (B), 272,474 (B) − 269,722 (A): the papers' counts.
  const wasted = adviceOn("resnet20", { shortcut: "project-all" }).find(({ id }) => id === "wasted-projection")!;
  expect(wasted.blocks).toHaveLength(7);
  expect(wasted.saves!.parameters).toBe(11_488);
  expect(adviceOn("resnet20").find(({ id }) => id === "identity-at-change")!.saves!.parameters).toBe(2_752);
});

test("pre-activation is advised from 100 layers on, a shortcut from 30 on", () => {
  const kindOf = (name: string, id: string, options = {}) =>
    adviceOn(name, options).find((advice) => advice.id === id)?.kind;
  expect(kindOf("resnet110", "activation-order")).toBe("change");
  expect(kindOf("resnet56", "activation-order")).toBe("keep");
  expect(kindOf("resnetv2_110", "activation-order")).toBe("keep");
  expect(kindOf("resnet56", "no-shortcut", { shortcut: "plain" })).toBe("change");
  expect(kindOf("resnet20", "no-shortcut", { shortcut: "plain" })).toBe("consider");
  expect(kindOf("resnet56", "no-shortcut")).toBeUndefined();
});

test("layers are convolutions and matrix products: 18 blocks of three, four that shrink, and the classifier", () => {
  expect(factsOfModel("convnext_tiny", {}).depth).toBe(18 * 3 + 4 + 1);
  expect(adviceOn("convnext_tiny").find(({ id }) => id === "layer-scale")!.kind).toBe("keep");
});

test("without batch norm, what takes its place is told, and what needs one is not advised", () => {
  const saidOf = (options: object, model = "resnet20") =>
    adviceOn(model, options).find(({ id }) => id === "without-norm");
  expect(saidOf({})).toBeUndefined();
  expect(saidOf({ norm: "fixup" })!.text.en).toMatch(/9 blocks at 0\.333 times.*L = 9, m = 2/);
  expect(saidOf({ norm: "fixup" }, "resnet50")!.text.en).toMatch(/16 blocks at 0\.5 times.*L = 16, m = 3/);
  expect(saidOf({ norm: "none", layerScale: "scalar" })!.text.en).toMatch(/no more than 1\/√9/);
  expect(adviceOn("resnet20", { norm: "fixup" }).map(({ id }) => id)).not.toContain("zero-init");
});

test("layers beside each other count once: a Res2Net's parts follow one another only where a block keeps its shape", () => {
  expect(factsOfModel("res2net50_26w_4s", {})).toMatchObject({
    depth: 1 + 12 * 5 + 4 * 3 + 1,
    order: "post-activation",
    isBottleneck: true,
  });
});

test("what computes attention does not make a network deeper", () => {
  expect(factsOfModel("resnest14d", {})).toMatchObject({ depth: 3 + 4 * 3 + 1, order: "post-activation" });
});

test("the most urgent advice comes first, and each has a source", () => {
  const advice = adviceOn("resnet50", { shortcut: "gated", stridePlace: "1x1" });
  expect(advice.filter(({ kind }) => kind === "change").map(({ id }) => id)).toEqual([
    "stride-place",
    "disturbed-identity",
  ]);
  expect(advice[0].kind).toBe("change");
  expect(advice.every(({ source }) => source !== "")).toBe(true);
});

test("an effect is the mean of the pairs of seeds with its standard error", () => {
  const run = (seed: number, accuracy: number, milliseconds = 10) => ({ seed, accuracy, loss: 0, milliseconds });
  // Gains 0.02 and 0.04: mean 0.03, deviation 0.01414, error 0.01.
  const effect = measureEffect("x", [run(0, 0.9), run(1, 0.9)], [run(0, 0.92, 12), run(1, 0.94, 12)]);
  expect(effect.gain).toBeCloseTo(0.03, 12);
  expect(effect.error).toBeCloseTo(0.01, 12);
  expect(effect.time).toBeCloseTo(1.2, 12);
});
