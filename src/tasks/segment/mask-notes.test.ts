import { expect, test } from "vitest";
import { noteAbsentClasses, noteEmptyMasks } from "./mask-notes.ts";

test("masks without cells are named, the first three of many, and nothing is said where each has one", () => {
  const masks = (...cells: readonly number[]) => cells.map((count, index) => ({ name: `m${index}`, cells: count }));
  expect(noteEmptyMasks(masks(1, 2), "to train on")).toBeUndefined();
  expect(noteEmptyMasks(masks(1, 0), "to train on")).toBe("1 of 2 masks to train on has no cell: m1");
  expect(noteEmptyMasks(masks(0, 0, 5, 0, 0, 0), "here")).toBe("5 of 6 masks here have no cell: m0, m1, m3 and 2 more");
});

test("classes that no mask has are named", () => {
  const [there, absent, other] = [
    { name: "background", pixels: 9 },
    { name: "nucleus", pixels: 0 },
    { name: "debris", pixels: 0 },
  ];
  expect(noteAbsentClasses([there], "to train on")).toBeUndefined();
  expect(noteAbsentClasses([there, absent], "to train on")).toBe("the class nucleus occurs in no mask to train on");
  expect(noteAbsentClasses([there, absent, other], "here")).toBe("the classes nucleus, debris occur in no mask here");
});
