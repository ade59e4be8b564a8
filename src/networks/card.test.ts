import { expect, test } from "vitest";
import { createModel } from "../nn/models.ts";
import { createKnownModel, stateShapes } from "./card.ts";

test.each(["airbench96", "regnet_y_800mf"])(
  "%s is no network of that many layers: its file has fewer tensors",
  (name) => {
    const { module, options } = createModel(name);
    const { size } = stateShapes(module);
    expect(size).toBeLessThan(Number(/\d+/.exec(name)));
    expect(stateShapes(createKnownModel({ model: { name, options } }, size, "w").module).size).toBe(size);
  },
);

test("a name of a million layers is refused before any is built", () => {
  const { options } = createModel("resnet8");
  expect(() => createKnownModel({ model: { name: "resnet1000002", options } }, 100, "w")).toThrow(
    'w: holds 100 tensors, too few for "resnet1000002"',
  );
});
