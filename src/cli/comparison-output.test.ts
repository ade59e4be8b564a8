import { expect, test } from "vitest";
import type { DrawnRun } from "../lab/compare/comparison.ts";
import { formatComparison } from "./comparison-output.ts";

const run: DrawnRun = {
  depth: 8,
  shortcut: "pad",
  seed: 0,
  parameters: 1,
  multiplyAdds: 1,
  testAccuracy: 0.5,
  trainLoss: 1,
  firstLayerGradientNorm: 0.25,
  imagesPerSecond: 1,
  status: "done",
  curve: [],
};

test.each([
  ["0.25", run],
  ["frozen", { ...run, firstLayerGradientNorm: Number.NaN }],
  ["-", { ...run, firstLayerGradientNorm: Number.NaN, status: "diverged" as const }],
])("the first layer's gradient is said as %s", (word, shown) => {
  const table = formatComparison({ runs: [shown], settings: {} as never });
  expect(table.split(/[│\s]+/)).toContain(word);
  expect(table).not.toContain("NaN");
});
