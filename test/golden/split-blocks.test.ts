import { expect, test } from "vitest";
import {
  res2netBottleneck,
  type Res2netBlockOptions,
  resnestBottleneck,
  type ResnestBlockOptions,
} from "../../src/nn/blocks/index.ts";
import { countParameters, type Module } from "../../src/nn/module.ts";
import { createModel, modelFamilies } from "../../src/nn/models.ts";
import { type BlockCase, expectBlocks, expectMeasuredGradients } from "../support/block-golden.ts";
import { readGoldenJson } from "../support/golden.ts";

interface Res2netCase extends BlockCase {
  readonly options: Omit<Res2netBlockOptions, "shortcut">;
}

interface ResnestCase extends BlockCase {
  readonly options: Omit<ResnestBlockOptions, "shortcut">;
}

const res2net = ({ inChannels, width, stride, shortcut, options }: Res2netCase): Module =>
  res2netBottleneck(inChannels, width, { ...options, shortcut, stride });
const resnest = ({ inChannels, width, stride, shortcut, options }: ResnestCase): Module =>
  resnestBottleneck(inChannels, width, { ...options, shortcut, stride });

expectBlocks("res2net-blocks", res2net);
expectBlocks("resnest-blocks", resnest);
const measured = ({ shortcut, stride }: BlockCase): boolean => shortcut === (stride === 1 ? "gated" : "pad");
expectMeasuredGradients("res2net-blocks", res2net, measured);
expectMeasuredGradients("resnest-blocks", resnest, measured);

const { parameters } = readGoldenJson<{ readonly parameters: Readonly<Record<string, number>> }>(
  "split-parameters.json",
);

test.each(Object.entries(parameters))("%s has %i parameters, as in PyTorch", (name, count) => {
  expect(countParameters(createModel(name).module)).toBe(count);
});

test("every name in the lists of Res2Net and ResNeSt is counted", () => {
  const listed = modelFamilies.flatMap(({ title, names }) => (/^Res(2Net|NeSt)$/.test(title) ? names : []));
  expect(listed.toSorted()).toEqual(Object.keys(parameters).toSorted());
});
