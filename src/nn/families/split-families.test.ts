import { expect, test } from "vitest";
import { toModel } from "../../compile/inference.ts";
import { portable } from "../../compile/portable/lowering.ts";
import { encodeModel } from "../../onnx/encode.ts";
import { createGraphBuilder } from "../../onnx/builder.ts";
import { randomStream } from "../../tensor/random.ts";
import { res2netBottleneck, resnestBottleneck } from "../blocks/index.ts";
import { addForward } from "../forward.ts";
import type { ModelOptionName, ModelOptions } from "../model-options.ts";
import { createModel, findModelPlan } from "../models.ts";
import { parametersOf } from "../module.ts";

/** A value of every option that is not the default, and what it needs beside it. */
const trials: { readonly [Name in ModelOptionName]?: readonly [change: ModelOptions, beside?: ModelOptions] } = {
  shortcut: [{ shortcut: "pad" }],
  channels: [{ channels: 1 }],
  classes: [{ classes: 7 }],
  padSide: [{ padSide: "both" }, { shortcut: "pad" }],
  projectionNorm: [{ projectionNorm: false }],
  projectionBias: [{ projectionBias: true }],
  shortcutScale: [{ shortcutScale: 0.7 }, { shortcut: "scaled" }],
  scaleResidual: [{ scaleResidual: true }, { shortcut: "scaled" }],
  gateBias: [{ gateBias: -1 }, { shortcut: "gated" }],
  shortcutDropout: [{ shortcutDropout: 0.2 }, { shortcut: "dropout" }],
  layerScale: [{ layerScale: "scalar" }],
  layerScaleInit: [{ layerScaleInit: 0.5 }, { layerScale: "channel" }],
  zeroInitResidual: [{ zeroInitResidual: true }],
  diracInit: [{ diracInit: true }],
  attention: [{ attention: "cbam" }],
  stochasticDepth: [{ stochasticDepth: 0.5 }],
  dropout: [{ dropout: 0.5 }],
  dilation: [{ dilation: 2 }],
  firstDilation: [{ firstDilation: "stage" }, { outputStride: 16 }],
  outputStride: [{ outputStride: 16 }],
  stem: [{ stem: "3x3" }],
  stemWidth: [{ stemWidth: 32 }],
  stemStride: [{ stemStride: 1 }],
  normEpsilon: [{ normEpsilon: 1e-3 }],
};

/** The subsampling that is not the network's own. */
const otherSubsample = (name: string): ModelOptions => ({
  subsample: createModel(name).options.subsample === "average" ? "stride" : "average",
});

/** All that an option can change: the training graph, what noise it is fed, and how the first stage starts. */
function fingerprint(name: string, options: ModelOptions): string {
  const { module, options: complete } = createModel(name, options);
  const g = createGraphBuilder("network");
  const x = g.input("images", "float32", [2, complete.channels, 64, 64]);
  const pass = addForward(g, module, x, { mode: "train" });
  g.output("scores", pass.output);
  const keeps = Array.from(pass.noise, ([key, { keep }]) => [key, keep]);
  const starts = Array.from(parametersOf(module)).flatMap(([key, { shape, initialize }]) => {
    if (!key.startsWith("layer1.")) return [];
    const values = initialize(shape, randomStream(1, key));
    return [[key, values.reduce((sum, value, index) => sum + value * ((index % 7) + 1), 0)]];
  });
  return JSON.stringify([
    Buffer.from(encodeModel(toModel(portable.lower(g.finish()).write()))).toString("base64"),
    keeps,
    starts,
  ]);
}

const families = ["res2net50_4w_4s", "resnest26d", "resnest14d"] as const;

test.each(families.flatMap((name) => findModelPlan(name).plan.accepts.map((option) => [name, option] as const)))(
  "%s obeys %s",
  (name, option) => {
    const [change, beside = {}] = option === "subsample" ? [otherSubsample(name)] : trials[option]!;
    expect(fingerprint(name, { ...beside, ...change })).not.toBe(fingerprint(name, beside));
  },
);

test("a Res2Net refuses what would reach nothing in it, in one line", () => {
  expect(() => createModel("res2net50_26w_4s", { shortcut: "concat" })).toThrow(
    /^shortcut: "concat" does not fit res2net50_26w_4s; /,
  );
  expect(() => createModel("res2net50_26w_4s", { stridePlace: "1x1" })).toThrow(
    /^stridePlace: is not an option of res2net50_26w_4s/,
  );
  for (const name of ["res2net50_0w_4s", "res2net50_26w_0s", "res2net18_26w_4s", "res2net50_26w"])
    expect(() => createModel(name)).toThrow(/^model: unknown model /);
});

test("a ResNeSt refuses what would reach nothing in it, in one line", () => {
  expect(() => createModel("resnest14d", { shortcut: "concat" })).toThrow(
    /^shortcut: "concat" does not fit resnest14d; /,
  );
  for (const [option, value] of [
    ["stridePlace", "1x1"],
    ["attention", "se"],
  ] as const)
    expect(() => createModel("resnest14d", { [option]: value })).toThrow(
      new RegExp(`^${option}: is not an option of resnest14d`),
    );
  // Every block of this one changes the shape, where these types are projections.
  expect(() => createModel("resnest14d", { shortcut: "gated" })).toThrow(
    /^shortcut: "gated" does not fit resnest14d; must be one of plain, pad, project$/,
  );
  expect(() => createModel("resnest14d", { gateBias: 1 })).toThrow(/^gateBias: is not an option of resnest14d/);
  expect(() => createModel("resnest50d_0s2x40d")).toThrow(/^model: unknown model /);
});

test("a width that its splits, or an attention that its groups do not divide, is refused with what would do", () => {
  expect(() => createModel("resnest50d_4s2x10d")).toThrow(
    'model: "resnest50d_4s2x10d" has 10 channels per group, which must be a multiple of its 4 splits; use resnest50d_4s2x12d',
  );
  expect(() => createModel("resnest50d_2s3x40d")).toThrow(
    'model: "resnest50d_2s3x40d" computes its attention from 64 channels, which must be a multiple of its 3 groups; use 1, 2, 4 or 8 groups',
  );
  expect(() => resnestBottleneck(32, 8, { shortcut: "project", radix: 3 })).toThrow(
    "groups (=3) must divide in_channels (=8)",
  );
  expect(() => res2netBottleneck(32, 8, { shortcut: "project", scale: 1.5 })).toThrow(
    "scale: must be a whole number above 0, got 1.5",
  );
});
