import { expect, test } from "vitest";
import type { RecipeField } from "../../../train/recipe-options.ts";
import type { SegmentTrainOptions } from "../train-options.ts";
import { startSegmentation } from "./start.ts";

const startWith = (from: string | undefined, options: SegmentTrainOptions = {}, given: [RecipeField, unknown][] = []) =>
  startSegmentation({
    start: { ...(from === undefined ? {} : { from }), modelOptions: {}, data: "nuclei" },
    given: new Map(given),
    options,
  });

test("a network by its name has the preset's crop, tile, rate and epochs", () => {
  const { imageSize, task, recipe } = startWith(undefined);
  expect([imageSize, task?.["crop"], recipe.epochs, recipe.learningRate]).toEqual([256, 128, 34, 0.003]);
});

test("an ONNX file keeps the size of its images, and has the rate and epochs of fine-tuning", () => {
  const { imageSize, task, recipe } = startWith("cells.onnx");
  expect([imageSize, task?.["crop"], recipe.epochs, recipe.learningRate]).toEqual([undefined, undefined, 10, 0.0005]);
  expect(startWith("cells.onnx", {}, [["epochs", 3]]).recipe.epochs).toBe(3);
  expect(() => startWith("cells.onnx", { crop: 128 })).toThrow(
    "crop: cannot differ from the image size, for cells.onnx is a graph of one size; give `imageSize`",
  );
});

test("the preset's weights of classes make up for few points, and are left out of a loss that is a mean over classes", () => {
  const lossOf = (loss?: SegmentTrainOptions["loss"]): unknown =>
    startWith(undefined, loss === undefined ? {} : { loss }).task?.["loss"];
  expect(lossOf()).toEqual({ name: "combined", classWeights: [1, 1, 5] });
  expect(lossOf("focal")).toEqual({ name: "focal", classWeights: [1, 1, 5] });
  expect(lossOf("dice")).toEqual({ name: "dice" });
  expect(lossOf("tversky")).toEqual({ name: "tversky" });
});

test("weights take crops of any size", () => {
  const { imageSize, task } = startWith("cells.safetensors", { crop: 64 });
  expect([imageSize, task?.["crop"]]).toEqual([undefined, 64]);
});
