import { expect, test } from "vitest";
import { initializeState } from "../nn/initialization.ts";
import { createModel } from "../nn/models.ts";
import { encodePytorch } from "../weights/pytorch/write.ts";
import { openWeights } from "../weights/weights-file.ts";
import { decodeNetworkWeights } from "./file.ts";

const wide = { channels: 2, classes: 3, shortcut: "project" } as const;

test.each([
  ["by name", (a: string, b: string) => (a < b ? -1 : 1)],
  ["backwards", (a: string, b: string) => (a < b ? 1 : -1)],
])("weights without notes have their channels and classes, sorted %s", async (_, compare) => {
  const state = initializeState(createModel("resnet8", wide).module, 0);
  const sorted = new Map([...state].toSorted(([a], [b]) => compare(a, b)));
  const file = await openWeights(encodePytorch(sorted), "w.pth");
  for (const request of [{}, { model: { name: "resnet8", options: {} } }]) {
    const { model } = decodeNetworkWeights(file, "w.pth", request);
    expect(model).toMatchObject({ name: "resnet8", options: wide });
  }
});
