import { describe, expect, test } from "vitest";
import { OptionError } from "../tensor/errors.ts";
import type { Dataset, ImageSet } from "./image-set.ts";
import { selectClasses } from "./select-classes.ts";

function imagesOf(labels: readonly number[]): ImageSet {
  const images = Uint8Array.from(labels.flatMap((_, index) => [index, 100 + index]));
  return { channels: 1, height: 1, width: 2, images, labels: Int32Array.from(labels), count: labels.length };
}

const normalization = { mean: [0], deviation: [1] };
const dataset: Dataset<ImageSet> = {
  name: "letters",
  classes: ["a", "b", "c"],
  normalization,
  train: imagesOf([2, 0, 1, 2]),
  test: imagesOf([1, 0]),
};

describe("some classes of a data set", () => {
  test("keep their images, with labels in the order asked for", () => {
    const { classes, train, test: held } = selectClasses(dataset, ["c", "a"]);
    expect(classes).toEqual(["c", "a"]);
    expect([...train.labels]).toEqual([0, 1, 0]);
    expect([...train.images]).toEqual([0, 100, 1, 101, 3, 103]);
    expect([...held.labels]).toEqual([1]);
    expect([...held.images]).toEqual([1, 101]);
  });

  test("are, of files, those files", () => {
    const { images: _, ...format } = dataset.train;
    const files = { ...format, files: ["w", "x", "y", "z"] };
    const { train } = selectClasses({ ...dataset, train: files, test: files }, ["a", "b"]);
    expect(train.files).toEqual(["x", "y"]);
    expect(train.count).toBe(2);
  });

  test("are the data set itself where they are all, in its order", () => {
    expect(selectClasses(dataset, ["a", "b", "c"])).toBe(dataset);
  });

  test.each([
    [["a", "d"], /"d" is not a class of letters; must be one of a, b, c/],
    [["a"], /must name two or more different classes/],
    [["a", "a"], /must name two or more different classes/],
  ])("are refused as %o", (names, message) => {
    expect(() => selectClasses(dataset, names)).toThrow(OptionError);
    expect(() => selectClasses(dataset, names)).toThrow(message);
  });
});
