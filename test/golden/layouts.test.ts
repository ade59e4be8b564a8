import { expect, test } from "vitest";
import { createNodeRuntime } from "../../src/runtime/node.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { loadWeights } from "../../src/train/load-weights.ts";
import { runForward } from "../../src/train/passes.ts";
import { layoutCase, layoutCases, shapesOfCase, weightsOfCase } from "../support/layouts.ts";
import { noiseTensor } from "../support/noise.ts";

/** Of float32 against float64 through up to fifty layers, as a share of the largest score. */
const tolerance = 1e-5;
/** Networks that the tables know and that Residua does not build. */
const unbuilt: readonly string[] = [
  "torchvision resnext50_32x4d",
  "timm resnet50d",
  "timm seresnet50",
  "timm resnetv2_50",
  "MONAI resnet10 3-D B",
  "MONAI resnet18 2-D B",
  "MONAI resnet50 1-D B",
  "3D-ResNets resnet18 A",
  "3D-ResNets resnet50 B",
  "MedicalNet resnet10 B",
  "MedicalNet resnet18 A",
  "Zagoruyko WRN-16-4",
  "xternalz WRN-16-4",
  "meliketoy WRN-16-4",
];
const scored = layoutCases.filter(({ name, scores }) => scores !== undefined && !unbuilt.includes(name));

/** The largest difference of the first image's scores, as a share of the largest score. */
function differenceFrom(expected: readonly number[], { data }: Tensor): number {
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((score, index) => Math.abs(score - Number(data[index])) / largest));
}

test.each(scored)("$name is recognised, loaded and gives the reference's scores", async (entry) => {
  const loaded = loadWeights(weightsOfCase(entry), "w.pth", {
    // MedicalNet's files have no classifier; what comes before it is not compared here.
    partial: !entry.keys.some(([name]) => /fc|linear|predictions/.test(name)),
  });
  const scores = await runForward(createNodeRuntime(), loaded, noiseTensor(5, entry.image ?? []));
  expect(differenceFrom(entry.scores ?? [], scores)).toBeLessThan(tolerance);
});

test.each(unbuilt)("%s is recognised, and refused where it would have to be loaded", (name) => {
  expect(() => loadWeights(shapesOfCase(layoutCase(name)), "w.pth")).toThrow(/Residua has no such network$/);
});
