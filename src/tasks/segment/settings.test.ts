import { expect, test } from "vitest";
import { segmentationPresets } from "./presets.ts";
import { readSettings } from "../find-task.ts";
import { standardSettings } from "./settings.ts";

test("a network's card carries the settings of every preset, and of none", () => {
  const all = [standardSettings, ...Object.values(segmentationPresets).map(({ settings }) => settings)];
  for (const settings of all)
    expect(readSettings(JSON.parse(JSON.stringify(settings)), "segment", "model.onnx")).toStrictEqual(settings);
});

test("a number of views that there is not is refused", () => {
  expect(() => readSettings({ ...standardSettings, views: 3 }, "segment", "model.onnx")).toThrow(
    /^model\.onnx: .*views/,
  );
});
