import * as fc from "fast-check";
import { expect, test } from "vitest";
import { holdBack } from "./hold-back.ts";
import { imageLimits, refuseCounts } from "./image-limits.ts";
import { sortFiles } from "./sort-files.ts";

const sort = (...paths: string[]) => {
  const { classes, files, leftOut, isDivided } = sortFiles(paths);
  return {
    classes,
    files: files.map(({ place, label }) => `${classes[label]}: ${paths[place]}`),
    leftOut: leftOut.map(({ path }) => path),
    isDivided,
  };
};

test("classes are the folders below what all paths share", () => {
  const classes = ["cats", "dogs"];
  const found = { classes, leftOut: [], isDivided: false };
  expect(sort("cats/1.png", "dogs/1.png")).toEqual({ ...found, files: ["cats: cats/1.png", "dogs: dogs/1.png"] });
  expect(sort("my/pets/cats/1.png", "my/pets/dogs/a/1.JPG")).toEqual({
    ...found,
    files: ["cats: my/pets/cats/1.png", "dogs: my/pets/dogs/a/1.JPG"],
  });
  expect(sort("pets/cats/1.png", "pets/cats/2.png").classes).toEqual(["cats"]);
  expect(sort("cats/1.png", "cats/2.png").classes).toEqual(["cats"]);
});

test("folders train and test say what is held back", () => {
  const paths = ["p/train/cats/1.png", "p/test/cats/2.png", "p/train/dogs/3.png", "p/other/dogs/4.png", "p/test/5.png"];
  const { classes, files, leftOut, isDivided } = sortFiles(paths);
  expect([classes, isDivided]).toEqual([["cats", "dogs"], true]);
  expect(files.map(({ isTest }) => isTest)).toEqual([false, true, false]);
  expect(leftOut.map(({ path }) => path)).toEqual(["p/other/dogs/4.png", "p/test/5.png"]);
});

test("what is hidden, no image, in no folder or there twice is left out, with the reason", () => {
  const paths = ["p/a/1.png", "p/a/1.png", "p/a/.x.png", "__MACOSX/p/a/1.png", "p/a/notes.txt", "p/2.png", "p/b/1.png"];
  const { files, leftOut } = sortFiles(paths);
  expect(files.map(({ place }) => place)).toEqual([0, 6]);
  expect(leftOut).toMatchObject([
    { path: "p/a/1.png", why: { en: "a second file of this name in this folder" } },
    { path: "p/a/.x.png", why: { en: "hidden" } },
    { path: "__MACOSX/p/a/1.png", why: { en: "hidden" } },
    { path: "p/a/notes.txt", why: { en: "no image, by its name" } },
    { path: "p/2.png", why: { en: "in no folder of a class" } },
  ]);
});

test("every file is in a class or left out, whatever the paths are", () => {
  const part = fc.constantFrom("a", "b", "train", "test", "..", "__proto__", "1.png", ".png", "", "x");
  fc.assert(
    fc.property(fc.array(fc.array(part, { maxLength: 5 }).map((parts) => parts.join("/"))), (paths) => {
      const { classes, files, leftOut } = sortFiles(paths);
      expect(files.length + leftOut.length).toBe(paths.length);
      for (const { label } of files) expect(typeof classes[label]).toBe("string");
    }),
  );
});

test("a fifth of every class is held back, at least one; the seed decides which", () => {
  const labels = [...Array.from({ length: 50 }, () => 0), ...Array.from({ length: 5 }, () => 1), 2];
  const held = holdBack(labels, 3);
  const count = (label: number): number => held.filter((isHeld, place) => isHeld && labels[place] === label).length;
  expect([count(0), count(1), count(2)]).toEqual([10, 1, 1]);
  expect(holdBack(labels, 3)).toEqual(held);
  expect(holdBack(labels, 4)).not.toEqual(held);
});

test.each<readonly [string, readonly string[], readonly number[], string]>([
  ["nothing", [], [], "There are no images in folders"],
  ["one class", ["cats"], [40], "All 40 images are of one class, “cats”, must be of two or more"],
  ["three images", ["cats", "dogs"], [2, 1], "“cats” has 2 images to train on, must have at least 5"],
  ["one image", ["cats", "dogs"], [9, 1], "“dogs” has 1 image to train on"],
  [
    "too many folders",
    Array.from({ length: 101 }, String),
    Array.from({ length: 101 }, () => 9),
    "There are 101 folders",
  ],
])("%s: said in one sentence, with what to do", (_, classes, train, message) => {
  const problem = refuseCounts({ classes, train, test: classes.map(() => 0) });
  expect(problem).toMatchObject({ en: expect.stringContaining(message), zh: expect.stringMatching(/请|最多/) });
});

test("two classes of five images are enough", () => {
  const five = imageLimits.leastOfClass;
  expect(refuseCounts({ classes: ["cats", "dogs"], train: [five, five], test: [0, 0] })).toBeUndefined();
});
