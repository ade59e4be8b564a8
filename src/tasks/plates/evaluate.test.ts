import { expect, test } from "vitest";
import { matchPlates, summarizePlates } from "./evaluate.ts";
import type { Corners } from "./geometry.ts";

const at = (x: number): Corners => [
  [x, 0],
  [x + 30, 0],
  [x + 30, 10],
  [x, 10],
];

test("plates are matched one to one by their boxes, and figures count what the issue of each was", () => {
  const first = matchPlates(
    "a",
    [
      { corners: at(0), text: "京A12345" },
      { corners: at(100), text: "沪B12345" },
      { corners: at(200), text: "浙C12345" },
    ],
    [
      { corners: at(4), text: "京A12345", score: 0.9 },
      // A second one on the same plate is false.
      { corners: at(-5), text: "京A12345", score: 0.8 },
      { corners: at(102), text: "苏B12345", score: 0.7 },
      // 30 × 10 moved by 12: 18 of 42, below one half.
      { corners: at(212), text: "浙C12345", score: 0.6 },
    ],
  );
  expect(first.plates.map(({ found }) => found?.score)).toEqual([0.9, 0.7, undefined]);
  const second = matchPlates("b", [{ corners: at(0) }], [{ corners: at(0), text: "京A12345", score: 1 }]);
  expect(summarizePlates([first, second])).toEqual({
    pictures: 2,
    plates: 4,
    found: 3 / 4,
    wholePlate: 1 / 3,
    firstCharacter: 1 / 2,
    falsePlates: 2,
    precision: 3 / 5,
  });
});

test("where there is nothing to measure, nothing is claimed", () => {
  expect(summarizePlates([])).toMatchObject({
    found: null,
    wholePlate: null,
    firstCharacter: null,
    precision: null,
    falsePlates: 0,
  });
});
