import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readerScores, SLOTS } from "../../tasks/plates/alphabet.ts";
import { locatorScores, STRIDE } from "../../tasks/plates/locator-targets.ts";
import type { NetworkOutput } from "../../nn/imported/import.ts";
import type { Shape } from "../../tensor/shape.ts";
import { readFileBytes } from "../../files/node.ts";
import { findOnnxCard } from "../../networks/export.ts";
import { decodeModel } from "../../onnx/decode.ts";
import { defaultRecipe } from "../recipe.ts";
import { openStart } from "./start.ts";

const fileOf = (name: string): string => fileURLToPath(new URL(`../../../models/${name}.onnx`, import.meta.url));

test.each([
  ["digits", "scores", [1, 28, 28]],
  ["cells", "maps", undefined],
  ["plates-reader", () => [readerScores.length, SLOTS], [3, 48, 144]],
  ["plates-locator", ([, height, width]) => [locatorScores.length, height / STRIDE, width / STRIDE], [3, 480, 640]],
] satisfies readonly (readonly [string, NetworkOutput, Shape | undefined])[])(
  "a training goes on from the ready network %s at its images' size",
  async (name, output, shape) => {
    const from = fileOf(name);
    const card = findOnnxCard(decodeModel(await readFileBytes(from), from), from)!;
    const fresh = {
      from,
      data: "",
      recipe: defaultRecipe,
      modelOptions: {},
      augmentation: { cropPadding: 0, flip: false },
    };
    const { imageShape, build } = await openStart(fresh, output);
    expect(imageShape).toEqual(shape ?? card.imageShape);
    expect(build(card.classes, imageShape[0]).state!.size).toBeGreaterThan(10);
  },
);
