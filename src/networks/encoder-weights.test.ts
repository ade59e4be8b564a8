import { expect, test } from "vitest";
import { initializeState } from "../nn/initialization.ts";
import { createModel } from "../nn/models.ts";
import type { WeightsFile } from "../weights/weights-file.ts";
import { loadWeights } from "./load-weights.ts";

const encoder = initializeState(createModel("resnet18", { classes: 7 }).module, 5);
const file: WeightsFile = {
  tensors: encoder,
  origin: { format: "PyTorch", entry: [], prefix: "", notes: {} },
};

test.each([
  { name: "resnet18-fpn", options: { pyramidWidth: 8 } },
  { name: "attention-resnet18-unet", options: {} },
])("$name starts from a ResNet's weights when a part is asked for, and is refused them otherwise", (model) => {
  const { state, difference } = loadWeights(file, "resnet18.pth", { ...model, partial: true });
  const other = Array.from(encoder.keys()).filter((name) => state.get(name)?.data !== encoder.get(name)?.data);
  expect(other).toEqual(["fc.weight", "fc.bias"]);
  expect(difference.unexpected).toEqual(["fc.weight", "fc.bias"]);
  expect(difference.missing.every((name) => /^(fpn|head|final|up\d|gate\d|block\d)\b/.test(name))).toBe(true);
  expect(() => loadWeights(file, "resnet18.pth", model)).toThrow("`partial` loads what fits");
});
