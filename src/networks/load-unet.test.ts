import { expect, test } from "vitest";
import { initializeState } from "../nn/initialization.ts";
import type { ModelOptions } from "../nn/model-options.ts";
import { createModel } from "../nn/models.ts";
import { bytesOf } from "../tensor/tensor.ts";
import { encodePytorch } from "../weights/pytorch/write.ts";
import { openWeights } from "../weights/weights-file.ts";
import { loadWeights } from "./load-weights.ts";

const networks: readonly (readonly [string, ModelOptions])[] = [
  ["resunet", { channels: 1, classes: 4, stemWidth: 8 }],
  ["resunet", { channels: 3, classes: 4, stemWidth: 4, shortcut: "pad" }],
  ["resunet", { channels: 3, classes: 5, stemWidth: 4, shortcut: "plain" }],
  ["resunet", { channels: 3, classes: 4, stemWidth: 4, stemStride: 2, attention: "se" }],
  ["resunet", { channels: 3, classes: 4, stemWidth: 4, stemStride: 2, shortcut: "project-all" }],
  ["attention-resunet", { channels: 3, classes: 2, stemWidth: 4 }],
  ["resnet18-unet", { classes: 4, stemWidth: 4 }],
  ["attention-resnet34-unet", { classes: 3, channels: 1, stemWidth: 4, shortcut: "project-all" }],
  ["resnet50-unet", { classes: 4, stemWidth: 4, shortcut: "pad" }],
];

test.each(networks)("a state dict of %s with %j is loaded whole, with or without its name", async (name, options) => {
  const { module } = createModel(name, options);
  const state = initializeState(module, 1);
  const file = await openWeights(encodePytorch(state), "net.pth");
  for (const request of [{ name }, {}]) {
    const loaded = loadWeights(file, "net.pth", request);
    expect(loaded.model.name).toBe(name);
    expect(loaded.model.options).toMatchObject(options);
    const same = [...state].filter(([key, value]) =>
      Buffer.from(bytesOf(loaded.state.get(key)!)).equals(bytesOf(value)),
    );
    expect([same.length, loaded.state.size]).toEqual([state.size, state.size]);
    expect(loaded.difference).toEqual({ missing: [], unexpected: [], misshapen: [] });
  }
});

test("another network's name is not loaded with them", async () => {
  const file = await openWeights(
    encodePytorch(initializeState(createModel("resunet", { stemWidth: 4 }).module, 1)),
    "x",
  );
  expect(() => loadWeights(file, "x", { name: "attention-resunet" })).toThrow(
    /^x: does not fit the network: missing "gate/,
  );
});
