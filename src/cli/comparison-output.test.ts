import { expect, test, vi } from "vitest";
import type { DrawnRun } from "../lab/compare/comparison.ts";
import { describeSkippedStep } from "../train/loop.ts";
import { createComparisonReporter, formatComparison } from "./comparison-output.ts";

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

test("a step of a run that was skipped is told with the run", () => {
  const written: string[] = [];
  const write = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  try {
    const report = createComparisonReporter([{ depth: 8, shortcut: "pad", seed: 3 } as never], [1]);
    report({ kind: "overflow", run: 0, reason: describeSkippedStep({ step: 7 }) });
  } finally {
    write.mockRestore();
  }
  expect(written.join("")).toContain(
    "depth 8, pad, seed 3: step 7: gradients overflowed in float16; the update was skipped and the loss scale halved",
  );
});
