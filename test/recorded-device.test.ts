import { expect, test } from "vitest";
import { formatRun } from "../src/cli/runs-output.ts";
import { describeOrigin } from "../src/cli/tasks/origin.ts";
import { describeComparison } from "../src/lab/compare/describe-comparison.ts";
import type { DrawnRun } from "../src/lab/compare/comparison.ts";
import { reportComparison } from "../src/lab/compare/report.ts";
import type { Run } from "../src/store/run.ts";
import { reportPlates } from "../src/tasks/plates/report.ts";
import { reportSegmentation } from "../src/tasks/segment/report.ts";
import { defaultRecipe } from "../src/train/recipe.ts";

const device = "webgpu (libvulkan_radeon.so)";

const runOn = (environment: object): Run => ({
  id: "1b3d13a0-0000-0000-0000-000000000000",
  command: "train",
  name: "resnet8 on mnist",
  status: "done",
  tags: [],
  config: {},
  configHash: "",
  seed: 0,
  code: {},
  environment: { system: "Linux", lowering: "portable", ...environment },
  parentId: null,
  folder: null,
  host: "here",
  startedAt: "2026-01-01T00:00:00Z",
  heartbeatAt: "2026-01-01T00:00:00Z",
  endedAt: null,
  steps: 1,
  summary: {},
  result: null,
  reason: null,
});

test("where a network comes from tells the device and its driver in both languages, and none for the processor", () => {
  const term = { en: "Device:", zh: "设备：" };
  expect(describeOrigin(runOn({ device }))).toContainEqual({ term, text: device });
  expect(describeOrigin(runOn({})).map((fact) => fact.term)).not.toContainEqual(term);
});

test("runs show tells the device", () => {
  const shown = formatRun(runOn({ device }), [], () => "").split("\n");
  expect(shown.map((line) => line.trim().split(/ {2,}/))).toContainEqual(["device", device]);
  expect(formatRun(runOn({}), [], () => "")).not.toContain("device");
});

test("a comparison's page tells the device in both languages, and none for the processor", () => {
  const run: DrawnRun = {
    depth: 8,
    shortcut: "pad",
    seed: 0,
    status: "done",
    parameters: 10,
    multiplyAdds: 10,
    trainLoss: 1,
    firstLayerGradientNorm: 1,
    testAccuracy: 0.5,
    imagesPerSecond: 10,
    curve: [],
  };
  const pageOf = (...runs: readonly DrawnRun[]): string =>
    JSON.stringify(
      reportComparison(
        describeComparison(
          { data: "mnist", recipe: defaultRecipe, equal: "epochs" },
          { runs, skipped: 0, lowering: "portable", trainImages: 640, testImages: 10 },
        ),
      ),
    );
  const page = pageOf({ ...run, device });
  expect(page).toContain(`portable lowering, on ${device}.`);
  expect(page).toContain(`计算图采用 portable 形式，设备 ${device}。`);
  expect(pageOf(run)).toContain("portable lowering.");
  // Runs that were known may have been trained elsewhere.
  expect(pageOf(run, { ...run, seed: 1, device })).toContain(`portable lowering, on cpu, ${device}.`);
});

const origin = { run: "1b3d13a0, unet", origin: describeOrigin(runOn({ device })) };

test.each([
  [
    "plates",
    (known: object) =>
      reportPlates({
        label: "locator",
        data: "pictures",
        figures: {
          pictures: 0,
          plates: 0,
          found: null,
          wholePlate: null,
          firstCharacter: null,
          precision: null,
          falsePlates: 0,
        },
        pictures: [],
        ...known,
      }),
  ],
  [
    "segmentation",
    (known: object) =>
      reportSegmentation({
        label: "unet",
        data: "pictures",
        found: {
          target: "classes",
          classes: [],
          overall: { dice: {}, iou: {}, meanDice: null, meanIou: null },
          images: [],
        },
        pictures: [],
        ...known,
      }),
  ],
])("a page about %s tells the device, and of no run where none is known", (_, report) => {
  const term = { en: "Device:", zh: "设备：" };
  const { heading, parts } = report(origin).sections.at(-1)!;
  expect(heading).toEqual({ en: "Origin", zh: "来源" });
  expect(parts).toMatchObject([{ kind: "list", items: expect.arrayContaining([{ term, text: device }]) }]);
  expect(report({}).sections.map((section) => section.heading)).not.toContainEqual(heading);
});
