import { expect, test } from "vitest";
import { correctCells, takeBack } from "./correct.ts";

/** Two touching cells over a background. */
const drawn = (): Int32Array => {
  const row = [1, 1, 1, 1, 2, 0];
  return Int32Array.from([...row, ...row]);
};

test("a cell is deleted, merged into another, or split across its length; each is taken back", () => {
  const labels = drawn();
  const deleted = correctCells(labels, 6, { kind: "delete", id: 1 });
  expect([...labels]).toEqual([0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 2, 0]);
  takeBack(labels, deleted);
  const merged = correctCells(labels, 6, { kind: "merge", id: 2, other: 1 });
  expect([...labels]).toEqual([2, 2, 2, 2, 2, 0, 2, 2, 2, 2, 2, 0]);
  takeBack(labels, merged);
  const split = correctCells(labels, 6, { kind: "split", id: 1 });
  expect([...labels]).toEqual([1, 1, 3, 3, 2, 0, 1, 1, 3, 3, 2, 0]);
  takeBack(labels, split);
  expect(labels).toEqual(drawn());
  // The longer axis of the second cell runs down.
  correctCells(labels, 6, { kind: "split", id: 2 });
  expect([labels[4], labels[10]].toSorted((a, b) => a - b)).toEqual([2, 3]);
});

test("what cannot be corrected is refused, and nothing is changed", () => {
  const labels = drawn();
  expect(() => correctCells(labels, 6, { kind: "delete", id: 9 })).toThrow("cell: there is no cell 9");
  expect(() => correctCells(labels, 6, { kind: "delete", id: 0 })).toThrow("cell: there is no cell 0");
  expect(() => correctCells(labels, 6, { kind: "merge", id: 2, other: 2 })).toThrow("cannot be merged with itself");
  expect(() => correctCells(Int32Array.of(1), 1, { kind: "split", id: 1 })).toThrow("1 is too small to be split");
  expect(labels).toEqual(drawn());
});
