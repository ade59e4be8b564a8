import { expect, test } from "vitest";
import { segmentationPresets } from "./presets.ts";
import { parseSettings, standardSettings } from "./settings.ts";

test("a network's card carries the settings of every preset, and of none", () => {
  const all = [standardSettings, ...Object.values(segmentationPresets).map(({ settings }) => settings)];
  for (const settings of all)
    expect(parseSettings(JSON.parse(JSON.stringify(settings)), "model.onnx")).toStrictEqual(settings);
});

test("a number of views that there is not is refused", () => {
  expect(() => parseSettings({ ...standardSettings, views: 3 }, "model.onnx")).toThrow(/^model\.onnx: .*views/);
});
