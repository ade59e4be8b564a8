import { expect, test } from "vitest";
import { createGraphBuilder } from "../../onnx/builder.ts";
import { randomStream } from "../../tensor/random.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { addForward } from "../forward.ts";
import type { ModelOptionName, ModelOptions } from "../model-options.ts";
import { createModel, findModelPlan } from "../models.ts";
import { parametersOf } from "../module.ts";

const MODEL = "regnet_x_400mf";
/** Parameters that are larger start like smaller ones of their kind. */
const LARGEST_DRAWN = 4096;

/** Everything that an option could change: the training graph, what dropout keeps, and how parameters start. */
function printOf(options: ModelOptions): string {
  const { module, imageShape } = createModel(MODEL, { classes: 3, ...options });
  const g = createGraphBuilder("training");
  const images = g.input("images", "float32", [2, imageShape[0], 64, 64]);
  const pass = addForward(g, module, images, { mode: "train" });
  g.output("scores", pass.output);
  const { nodes, initializers } = g.finish();
  const written = nodes.map(({ op, inputs, attributes }) => JSON.stringify([op, inputs, [...attributes]]));
  const constants = Array.from(initializers, ([name, { data }]) => `${name} ${String(data)}`);
  const keeps = Array.from(pass.noise, ([name, { keep }]) => `${name} ${keep}`);
  const starts = Array.from(parametersOf(module), ([name, { shape, initialize }]) =>
    sizeOf(shape) > LARGEST_DRAWN ? name : `${name} ${initialize(shape, randomStream(1, name)).join()}`,
  );
  return [...written, ...constants, ...keeps, ...starts].join("\n");
}

/** A value of every option that a RegNet takes, with what it needs beside it. */
const trials: { readonly [Name in ModelOptionName]?: readonly [ModelOptions, beside?: ModelOptions] } = {
  shortcut: [{ shortcut: "pad" }],
  channels: [{ channels: 1 }],
  classes: [{ classes: 5 }],
  padSide: [{ padSide: "both" }, { shortcut: "pad" }],
  projectionNorm: [{ projectionNorm: false }],
  projectionBias: [{ projectionBias: true }],
  shortcutScale: [{ shortcutScale: 0.25 }, { shortcut: "scaled" }],
  scaleResidual: [{ scaleResidual: true }, { shortcut: "scaled" }],
  gateBias: [{ gateBias: -1 }, { shortcut: "gated" }],
  shortcutDropout: [{ shortcutDropout: 0.25 }, { shortcut: "dropout" }],
  layerScale: [{ layerScale: "channel" }],
  layerScaleInit: [{ layerScaleInit: 0.25 }, { layerScale: "scalar" }],
  subsample: [{ subsample: "average" }],
  zeroInitResidual: [{ zeroInitResidual: true }],
  diracInit: [{ diracInit: true }],
  stochasticDepth: [{ stochasticDepth: 0.25 }],
  dropout: [{ dropout: 0.25 }],
  normEpsilon: [{ normEpsilon: 1e-3 }],
};

test("every option that a RegNet takes is tried, and each changes the network", () => {
  const { accepts } = findModelPlan(MODEL).plan;
  expect([...accepts].toSorted()).toEqual(Object.keys(trials).toSorted());
  const ignored = Object.entries(trials).filter(
    ([, [options, beside = {}]]) => printOf({ ...beside, ...options }) === printOf(beside),
  );
  expect(ignored.map(([name]) => name)).toEqual([]);
});
