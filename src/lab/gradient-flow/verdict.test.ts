import { expect, test } from "vitest";
import { createGraphBuilder } from "../../onnx/builder.ts";
import { addForward } from "../../nn/forward.ts";
import { createModel } from "../../nn/models.ts";
import { findBlocks } from "../blocks.ts";
import { endRatio, type LayerFlow, probeSteps, relativeChange } from "./profile.ts";
import { describeVerdict, judgeFlow, slopeOf } from "./verdict.ts";

/** Layers whose gradient grows by a factor a layer on the way back, in two parts. */
function layersOf(first: number, second: number): readonly LayerFlow[] {
  const row = (layer: string, gradient: number): LayerFlow => ({ layer, gradient, weight: 1, mean: 0, variance: 1 });
  const back = Array.from({ length: 6 }, (_, index) => row(`layer2.${5 - index}`, second ** index));
  const front = Array.from({ length: 6 }, (_, index) => row(`layer1.${5 - index}`, second ** 5 * first ** (index + 1)));
  return [...front.toReversed(), ...back.toReversed()];
}

test("a gradient that doubles in every layer on the way back explodes, and most where it grows most", () => {
  const verdict = judgeFlow({ layers: layersOf(2, 2) })!;
  expect(verdict.kind).toBe("exploding");
  expect(verdict.perLayer).toBeCloseTo(2, 10);
  expect(verdict.factor).toBeCloseTo(2 ** 11, 6);
  expect(judgeFlow({ layers: layersOf(3, 1.5) })!.where).toMatchObject({ part: "layer1" });
  expect(judgeFlow({ layers: layersOf(3, 1.5) })!.where!.perLayer).toBeCloseTo(3, 10);
});

test("a gradient that is halved in every layer vanishes, and one that stays is steady", () => {
  expect(judgeFlow({ layers: layersOf(0.5, 0.25) })).toMatchObject({ kind: "vanishing", where: { part: "layer2" } });
  expect(judgeFlow({ layers: layersOf(1.1, 0.95) })?.kind).toBe("steady");
});

test("layers that no gradient reaches are counted, and the others judged", () => {
  const layers = layersOf(2, 2).map((layer, index) => (index % 3 === 1 ? { ...layer, gradient: 0 } : layer));
  const zeros = layers.filter(({ gradient }) => gradient === 0).length;
  const verdict = judgeFlow({ layers });
  expect(verdict).toMatchObject({ kind: "broken", unreached: zeros, layers: layers.length });
  expect(verdict!.factor).toBeGreaterThan(2);
  const { en, zh } = describeVerdict("net", verdict);
  expect(en).toContain(`no gradient reaches ${zeros} of ${layers.length} layers; along the others it is ×`);
  expect(zh).toContain(`${layers.length} 层中有 ${zeros} 层得不到梯度`);
});

test("a classifier that starts at 0 lets no gradient through to any other layer, and is named as what does", () => {
  const layers = layersOf(2, 2).map((layer, index, all) =>
    index < all.length - 1 ? { ...layer, gradient: 0 } : layer,
  );
  const { en, zh } = describeVerdict("net", judgeFlow({ layers }));
  expect(en).toContain(`a gradient reaches only 1 of ${layers.length} layers. A classifier that starts at 0`);
  expect(zh).toContain(`${layers.length} 层中只有 1 层得到梯度`);
});

test("a gradient of zero is broken, and a network of three layers is not judged", () => {
  expect(judgeFlow({ layers: layersOf(1, 0) })?.kind).toBe("broken");
  expect(judgeFlow({ layers: layersOf(2, 2).slice(0, 3) })).toBeUndefined();
  expect(describeVerdict("net", undefined).en).toBe("net: too few layers to judge.");
});

test("the slope of the least-squares line is that of NumPy's polyfit", () => {
  // numpy.polyfit(range(5), [1, 3, 2, 5, 4], 1)[0] = 0.8
  expect(slopeOf([1, 3, 2, 5, 4])).toBeCloseTo(0.8, 12);
});

test("a change is measured against what was there", () => {
  // ‖(0, 1)‖ / ‖(3, 4)‖
  expect(relativeChange([3, 4], [3, 5])).toBeCloseTo(0.2, 12);
  expect(relativeChange([0, 0], [0, 0])).toBe(0);
});

test("the ratio is the first layer's gradient over the last's", () => {
  expect(endRatio({ layers: layersOf(2, 2) })).toBeCloseTo(2 ** 11, 6);
});

test("probes begin at 0, end at the last step, and lie closer at the beginning", () => {
  const steps = probeSteps(60, 12);
  expect(steps[0]).toBe(0);
  expect(steps.at(-1)).toBe(60);
  expect(steps).toHaveLength(12);
  expect(steps[2] - steps[1]).toBeLessThan(steps[11] - steps[10]);
  expect(probeSteps(0, 12)).toEqual([0]);
  expect(probeSteps(2, 12)).toEqual([0, 1, 2]);
});

test.each([
  ["resnet8", {}, ["identity", "projection", "projection"]],
  ["resnet8", { shortcut: "plain" }, ["none", "none", "none"]],
  ["resnetv2_8", { shortcut: "pad" }, ["identity", "padded identity", "padded identity"]],
  ["resnet8", { shortcut: "gated" }, ["gated identity and residual", "projection", "projection"]],
] as const)("%s %o: each block has its input, F, S and output in the graph", (name, options, kinds) => {
  const { module } = createModel(name, { ...options, channels: 3 });
  const g = createGraphBuilder("network");
  const images = g.input("images", "float32", [2, 3, 16, 16]);
  const blocks = findBlocks(g, addForward(g, module, images, { mode: "train" }), images);
  expect(blocks.map(({ kind }) => kind)).toEqual(kinds);
  expect(blocks.slice(1).map(({ input }) => input)).toEqual(blocks.slice(0, -1).map(({ output }) => output));
  for (const { residual, shortcut, output, kind } of blocks) {
    expect(g.value(residual).shape).toEqual(g.value(output).shape);
    expect(g.value(shortcut ?? output).shape).toEqual(g.value(output).shape);
    expect(shortcut === undefined).toBe(kind === "none");
  }
});
