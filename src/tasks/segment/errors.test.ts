import { expect, test } from "vitest";
import { drawErrors, errorColours, judgeCellPoints, judgeClassPoints, pointErrors } from "./errors.ts";

const named = (errors: Uint8Array): readonly string[] => Array.from(errors, (error) => pointErrors[error]);

test("of cells that match the differing points are errors, of others every point is, and ignored points are none", () => {
  // Cell 1 is found as 9 with one point too few and one too many; cell 2 is missed; 8 is found where none is.
  const truth = [1, 1, 1, 0, 0, 2, 2, 0, 0, 65_535];
  const found = [0, 9, 9, 9, 0, 0, 0, 8, 8, 8];
  expect(named(judgeCellPoints({ truth, found }))).toEqual([
    "missed",
    "right",
    "right",
    "wrong",
    "none",
    "missed",
    "missed",
    "wrong",
    "wrong",
    "ignored",
  ]);
});

test("a cell that is found in two halves is missed but for the half that matches, and the other half is wrong", () => {
  const truth = [1, 1, 1, 1, 1];
  expect(named(judgeCellPoints({ truth, found: [3, 3, 3, 4, 4] }))).toEqual([
    "right",
    "right",
    "right",
    "wrong",
    "wrong",
  ]);
});

test("of classes a point is missed where background was found, and wrong where another class was", () => {
  const errors = judgeClassPoints({ truth: [0, 0, 1, 1, 2, 65_535], found: [0, 2, 1, 0, 1, 1] });
  expect(named(errors)).toEqual(["none", "wrong", "right", "missed", "wrong", "ignored"]);
  const { pixels } = drawErrors({ height: 1, width: 6, pixels: new Uint8Array(18).fill(100) }, errors);
  expect([...pixels.subarray(0, 3)]).toEqual([100, 100, 100]);
  expect(pixels[9]).toBe(Math.floor(15 + 0.85 * errorColours.missed[0]));
  // Within a large error the image is seen.
  const flood = drawErrors(
    { height: 3, width: 3, pixels: new Uint8Array(27).fill(100) },
    new Uint8Array(9).fill(errors[3]),
  );
  expect(flood.pixels[12]).toBe(Math.floor(60 + 0.4 * errorColours.missed[0]));
});
