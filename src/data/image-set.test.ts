import { expect, test } from "vitest";
import { exampleSet } from "../../test/support/image-sets.ts";
import { OptionError } from "../tensor/errors.ts";
import { imageSize, takeFirst } from "./image-set.ts";

const sizeOfSet = { channels: 3, height: 2, width: 4 };
const set = exampleSet(5, sizeOfSet);

test("the first images are taken with their labels, without a copy", () => {
  const first = takeFirst(set, 2);
  expect([first.count, imageSize(first)]).toEqual([2, 24]);
  expect([...first.images]).toEqual([...set.images.subarray(0, 48)]);
  expect([...first.labels]).toEqual([0, 1]);
  expect(first.images.buffer).toBe(set.images.buffer);
});

test("the first files are taken with their labels", () => {
  const files = { ...sizeOfSet, files: ["a.png", "b.png", "c.png"], labels: Int32Array.of(2, 1, 0), count: 3 };
  expect(takeFirst(files, 2)).toEqual({
    ...sizeOfSet,
    files: ["a.png", "b.png"],
    labels: Int32Array.of(2, 1),
    count: 2,
  });
});

test("one image and all images are within the bounds", () => {
  expect(takeFirst(set, 1).images).toHaveLength(24);
  expect(takeFirst(set, 5)).toEqual(set);
});

test.each([0, 6, -1, 2.5, Number.NaN])("%s images of five are refused", (limit) => {
  const take = (): unknown => takeFirst(set, limit);
  expect(take).toThrow(new OptionError("limit", `must be from 1 to 5, the number of images, got ${limit}`));
});
