import { expect, test } from "vitest";
import { OptionError } from "../tensor/errors.ts";
import type { Dataset, ImageSet } from "./image-set.ts";
import { matchClasses } from "./match-classes.ts";

function imagesOf(labels: readonly number[]): ImageSet {
  const images = Uint8Array.from(labels.keys());
  return { channels: 1, height: 1, width: 1, images, labels: Int32Array.from(labels), count: labels.length };
}

/** One image of each class in both parts, in order. */
function dataset(...classes: readonly string[]): Dataset<ImageSet> {
  const images = imagesOf([...classes.keys()]);
  return { name: "animals", classes, normalization: { mean: [0], deviation: [1] }, train: images, test: images };
}

test.each([
  { data: ["ant", "bee"], names: ["ant", "bee"], images: [0, 1], labels: [0, 1], why: "the same order" },
  { data: ["ant", "bee"], names: ["bee", "ant"], images: [0, 1], labels: [1, 0], why: "another order" },
  { data: ["bee", "cat"], names: ["ant", "bee", "cat"], images: [0, 1], labels: [1, 2], why: "some of the network's" },
  { data: ["a", "b", "c"], names: ["c", "a"], images: [0, 2], labels: [1, 0], why: "others beside the network's" },
  { data: ["0", "1", "2"], names: ["2", "1"], images: [1, 2], labels: [1, 0], why: "numbers in another order" },
  { data: ["ant", "bee"], names: ["0", "1"], images: [0, 1], labels: [0, 1], why: "numbers stand for no names" },
  { data: ["ant", "bee"], names: undefined, images: [0, 1], labels: [0, 1], why: "no names" },
  { data: ["1", "2"], names: ["0", "1", "2"], images: [0, 1], labels: [1, 2], why: "some numbers" },
])("labels are the network's: $why", ({ data, names, images, labels }) => {
  const given = dataset(...data);
  const { dataset: matched, note } = matchClasses(given, { count: names?.length ?? 2, ...(names && { names }) });
  for (const part of [matched.train, matched.test]) {
    expect([...part.images]).toEqual(images);
    expect([...part.labels]).toEqual(labels);
  }
  const isPart = images.length < data.length;
  const counts = `the data's ${data.length} classes the network has ${names?.length}`;
  expect(note).toBe(isPart ? `of ${counts}; images of the others are left out` : undefined);
});

test.each([
  { data: ["0", "1"], names: ["ant", "bee"] },
  { data: ["n01440764", "n01443537"], names: ["tench", "goldfish"] },
])("classes $data without a name in common are taken in their order for $names, with a note", ({ data, names }) => {
  const given = dataset(...data);
  expect(matchClasses(given, { count: 2, names })).toEqual({
    dataset: given,
    note: "the data's classes have other names than the network's; they are taken in its order",
  });
});

test.each([
  { data: ["0", "1", "2"], names: ["ant", "bee"], says: "data: has 3 classes, the network has 2" },
  {
    data: ["dog", "horse"],
    names: ["cat", "dog"],
    says: 'data: has the class "horse", which the network does not have; must be one of cat, dog',
  },
  { data: ["a", "b", "c"], names: ["0", "1"], says: "data: has 3 classes, the network has 2" },
  { data: ["a", "b", "c"], names: undefined, says: "data: has 3 classes, the network has 2" },
])("classes $data of a network's $names are refused", ({ data, names, says }) => {
  const match = (): unknown => matchClasses(dataset(...data), { count: 2, ...(names && { names }) });
  expect(match).toThrow(OptionError);
  expect(match).toThrow(says);
});
