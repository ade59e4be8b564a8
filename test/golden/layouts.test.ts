import { expect, test } from "vitest";
import { createNodeRuntime } from "../../src/runtime/node.ts";
import { WeightsError } from "../../src/tensor/errors.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { loadWeights } from "../../src/networks/load-weights.ts";
import { runForward } from "../../src/train/forward-and-gradients.ts";
import { findModel } from "../../src/weights/recognise/find-model.ts";
import { inspectWeights } from "../../src/weights/recognise/inspection.ts";
import { type LayoutCase, layoutCase, layoutCases, shapesOfCase, weightsOfCase } from "../support/layouts.ts";
import { noiseTensor } from "../support/noise.ts";

/** Of float32 against float64 through up to fifty layers, as a share of the largest score. */
const tolerance = 1e-5;

/** Whether Residua builds the network; its tables may know more than that. */
function isBuilt(entry: LayoutCase): boolean {
  const found = inspectWeights(shapesOfCase(entry), "w.pth");
  return findModel(found, found.shortcuts[0]) !== undefined;
}

const hasClassifier = (entry: LayoutCase): boolean => !entry.name.startsWith("MedicalNet");
const compared = layoutCases.filter((entry) => entry.scores !== undefined && isBuilt(entry));
const built = compared.filter(hasClassifier);
const headless = compared.filter((entry) => !hasClassifier(entry));
const unbuilt = layoutCases.filter((entry) => !isBuilt(entry));

test("every network but one system's own variant of Wide ResNet is built", () => {
  expect(unbuilt.map(({ name }) => name)).toEqual(["meliketoy WRN-28-10", "meliketoy WRN-16-4"]);
  expect(headless.map(({ name }) => name)).toEqual(["MedicalNet resnet10 B", "MedicalNet resnet18 A"]);
});

/** The largest difference of the first image's scores, as a share of the largest score. */
function differenceFrom(expected: readonly number[], { data }: Tensor): number {
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((score, index) => Math.abs(score - Number(data[index])) / largest));
}

test.each(built)("$name is recognised, loaded and gives the reference's scores", async (entry) => {
  const loaded = loadWeights(weightsOfCase(entry), "w.pth");
  const scores = await runForward(createNodeRuntime(), loaded, noiseTensor(5, entry.image ?? []));
  expect(differenceFrom(entry.scores ?? [], scores)).toBeLessThan(tolerance);
});

test.each(headless)("$name, which has no classifier, gives the reference's features to a fresh one", async (entry) => {
  const weights = weightsOfCase(entry);
  expect(() => loadWeights(weights, "w.pth")).toThrow(/missing "fc\.weight", "fc\.bias"; .*`partial`/);
  const loaded = loadWeights(weights, "w.pth", { partial: true });
  const scores = await runForward(createNodeRuntime(), loaded, noiseTensor(5, entry.image ?? []));
  const [weight, bias] = ["fc.weight", "fc.bias"].map((name) => loaded.state.get(name)!.data);
  const features = entry.scores ?? [];
  const expected = Array.from(bias, (offset, row) =>
    features.reduce((sum, feature, column) => sum + weight[row * features.length + column] * feature, offset),
  );
  expect(differenceFrom(expected, scores)).toBeLessThan(tolerance);
});

test.each(unbuilt)("$name is recognised, and refused in one line where it would have to be loaded", (entry) => {
  expect(() => loadWeights(shapesOfCase(entry), "w.pth")).toThrow(WeightsError);
  expect(() => loadWeights(shapesOfCase(entry), "w.pth")).toThrow(/Residua has no such network$/);
});

test("a partial load takes what fits and says what it lacks and what it left", () => {
  const file = weightsOfCase(layoutCase("akamaster resnet20"));
  const tensors = new Map(file.tensors);
  tensors.delete("linear.weight");
  tensors.set("extra.weight", tensors.get("conv1.weight")!);
  const changed = { ...file, tensors };
  const name = "resnet20";
  expect(() => loadWeights(changed, "w.pth", { name })).toThrow(/missing "fc\.weight"; unexpected "extra\.weight"/);
  const loaded = loadWeights(changed, "w.pth", { name, partial: true });
  expect(loaded.difference).toEqual({ missing: ["fc.weight"], unexpected: ["extra.weight"], misshapen: [] });
  expect(loaded.state.get("layer3.2.bn2.weight")).toBe(tensors.get("layer3.2.bn2.weight"));
  expect(loaded.state.get("fc.weight")?.shape).toEqual([10, 64]);
});

test("weights of another network are refused by name, also where a part would do but nothing fits", () => {
  const file = weightsOfCase(layoutCase("akamaster resnet20"));
  expect(() => loadWeights(file, "w.pth", { name: "resnet18" })).toThrow(/does not fit the network: missing/);
  const stray = { ...file, tensors: new Map([["a", file.tensors.get("conv1.weight")!]]) };
  expect(() => loadWeights(stray, "w.pth", { name: "resnet20", partial: true })).toThrow(/has no "conv1\.weight"/);
});
