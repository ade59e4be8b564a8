import { expect, test } from "vitest";
import { res2netBottleneck, type Res2netBlockOptions } from "../../src/nn/blocks/index.ts";
import { countParameters, type Module } from "../../src/nn/module.ts";
import { createModel, modelFamilies } from "../../src/nn/models.ts";
import { type BlockCase, expectBlocks, expectMeasuredGradients } from "../support/block-golden.ts";
import { readGoldenJson } from "../support/golden.ts";

interface Res2netCase extends BlockCase {
  readonly options: Omit<Res2netBlockOptions, "shortcut">;
}

const res2net = ({ inChannels, width, stride, shortcut, options }: Res2netCase): Module =>
  res2netBottleneck(inChannels, width, { ...options, shortcut, stride });

expectBlocks("res2net-blocks", res2net);
expectMeasuredGradients("res2net-blocks", res2net, ({ shortcut }) => shortcut === "gated");

const { parameters } = readGoldenJson<{ readonly parameters: Readonly<Record<string, number>> }>(
  "split-parameters.json",
);
const listed = modelFamilies.flatMap(({ title, names }) => (title === "Res2Net" ? names : []));

test.each(listed)("%s has as many parameters as in PyTorch", (name) => {
  expect(countParameters(createModel(name).module)).toBe(parameters[name]);
});
